"""The images of an experiment: where they are and what they are, and whether there are enough."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from energyguide.config.names import modules
from energyguide.config.parts import Block, Count, Text, about, number
from energyguide.config.printing import check_names, shown
from energyguide.data.splits import held_out

SOURCES = modules("data/sources")
FEWEST = 4  # images of a set, or precision and recall, which look at three neighbours, are not defined
OF_A_CLASS = {"train": 3, "test": 2}  # KID needs two; of training images the evaluation classifier takes half, of three one


class PerClass(Block):
    """How many images of each class are used at most: the first ones."""

    train: Annotated[int, Field(ge=2)] = about("Images of each class of the training set, the held-out ones among them.")
    test: Count = about("Images of each class of the test set.")


class Data(Block):
    """The images."""

    source: Literal[tuple(SOURCES)] = about("A module of workflow/energyguide/data/sources.")
    path: Text | None = about("Folder of the downloaded archive (cifar10), or of train/ and test/ (imagefolder).", default=None)
    channels: Literal[1, 3] = about("Colour channels: 1 is grey, 3 is colour; transparent images are laid over `background`.")
    size: Annotated[int, Field(ge=4)] = about("Height and width in pixels.")
    classes: Annotated[int, Field(ge=2)] | None = about(
        "Number of classes; null: those of the source, or as many as there are folders in train/.", default=None
    )
    held_out: number(gt=0, lt=1) = about("Share of each class of the training set that is held out for choosing checkpoints.")
    per_class: PerClass | None = about("How many images of each class are used at most; null for all.", default=None)
    background: Annotated[str, Field(pattern="^(white|black|#[0-9a-fA-F]{6})$")] | None = about(
        "What shows through transparent images: white, black, or a colour such as '#ff8000'; null: white.", default=None
    )
    labels: dict[str, Text] = about("How classes are printed, by the names of their folders; others by these names.", default={})

    @model_validator(mode="before")
    @classmethod
    def counted(cls, block):
        """The same block with the number of classes, where it is not given and can be known."""
        if not isinstance(block, dict) or block.get("classes") is not None or block.get("source") not in SOURCES:
            return block
        module, train = import_module(f"energyguide.data.sources.{block['source']}"), Path(str(block.get("path")), "train")
        known = getattr(module, "FACTS", {}).get("classes")
        if known is None and train.is_dir():
            known = sum(entry.is_dir() for entry in module.visible(train))
        return {**block, "classes": known if known and known > 1 else None}  # one alone is refused below, by its folder

    @property
    def module(self):
        """The module of the source."""
        return import_module(f"energyguide.data.sources.{self.source}")

    @property
    def shape(self):
        return [self.channels, self.size, self.size]

    def pixels(self):
        """What decides the images, as plain values: not how classes are printed."""
        return self.dump(without=("labels",))

    def check(self, need, experiment):
        needed = getattr(self.module, "IN_A_FOLDER", False)
        need(self.path or not needed, "path", f"is missing: source {self.source!r} needs a folder")
        need(needed or not self.path, "path", f"source {self.source!r} reads no folder; add `source: imagefolder`, or remove it")
        for key, value in getattr(self.module, "FACTS", {}).items():
            need(getattr(self, key) == value, key, f"{getattr(self, key)} does not fit: {self.source} has {value}")
        if hasattr(self.module, "contents"):
            self.check_folder(need)
        names = self.names()
        for name in self.labels:
            need(name in names or not names, f"labels.{name}", f"there is no such class; there are {', '.join(names)}")
        check_names(need, {name: self.labels.get(name, name) for name in names})

    def check_folder(self, need):
        """What is in the folder, if there is one: a dry run may come before the images."""
        root = Path(self.path)
        need(self.classes or root.is_dir(), "path", f"{root} is missing; put train/<class>/ and test/<class>/ there")
        if not root.is_dir():
            return
        try:
            found = self.module.contents(root)
        except (FileNotFoundError, ValueError) as error:
            if getattr(error, "errno", None):
                raise
            need(False, "path", str(error))
        count = len(found["train"])
        need(count > 1, "path", f"{root / 'train'} holds one class, and there must be at least 2; add the folder of another")
        need(count == self.classes, "classes", f"{self.classes} does not fit: {root / 'train'} holds {count} folders")
        self.check_sizes(need, {part: self.used(part, counts) for part, counts in found.items()})

    def used(self, part, counts):
        """The number of images of each class that are used, of those in a part."""
        return {name: min(n, getattr(self.per_class, part)) if self.per_class else n for name, n in counts.items()}

    def check_sizes(self, need, used):
        """Whether enough images are left in each set; `used` is part -> class -> number of images."""
        kept = {name: n - held_out(n, self.held_out) for name, n in used["train"].items()}
        left = [name for name, n in kept.items() if not n]
        need(
            not left,
            "held_out",
            f"all images of class {shown(''.join(left[:1]))} would be held out; lower it, or add images to the class",
        )
        few = f"no image would be held out: classes have at most {max(used['train'].values())}; raise it, or add images"
        need(kept != used["train"], "held_out", few)
        parts, rest = {"train": kept, "test": used["test"]}, {"train": " without those held out", "test": ""}
        for part, counts in parts.items():
            n = sum(counts.values())
            need(n >= FEWEST, "path", f"{self.path}/{part} has {n} images{rest[part]}, and measures need {FEWEST}; add images")
        for part, counts in parts.items():
            name, n = min(counts.items(), key=lambda item: item[1])
            lacking = f"class {shown(name)} has {n} images in {part}{rest[part]}, and measures need {OF_A_CLASS[part]}"
            need(n >= OF_A_CLASS[part], "path", f"{lacking}; add images to it")

    def names(self):
        """The names of the classes, as far as they are known beforehand."""
        if hasattr(self.module, "CLASSES"):
            return self.module.CLASSES
        root = Path(self.path or "")
        return list(self.module.contents(root)["train"]) if root.is_dir() else []

    def images(self):
        """The number of images in each split, as far as it is known beforehand: a folder of images has to be there."""
        known = getattr(self.module, "IMAGES", None)
        if known is None:
            found = self.module.contents(self.path)
            known = {part: sum(self.used(part, counts).values()) for part, counts in found.items()}
        elif self.per_class:
            known = {part: min(n, self.classes * getattr(self.per_class, part)) for part, n in known.items()}
        count = held_out(known["train"], self.held_out)
        return {"train": known["train"] - count, "val": count, "test": known["test"]}
