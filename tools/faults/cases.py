"""What a malformed input is, and a copy of the project in which it lies."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml
from PIL import Image

CASES = []
IMAGES = {"source": "imagefolder", "path": "images", "channels": 3, "size": 8, "classes": 2, "held_out": 0.25}
RELEASED, REFERENCE = "results/tiny/classifiers/eps0.5.safetensors", "results/tiny/reference.npz"
TRAINED, PREFERENCES = "results/tiny/classifiers/eps0.safetensors", "results/tiny/tables/preferences.csv"
DATASET, SURVEY = Path("results/tiny/data/dataset.npz"), {"id": "abc", "systems": ["a", "b"], "pairs": ["0", "1"], "seed": 0}
HEADER, ANSWER = "survey,rater,pair,left,right,answer\n", "abc,anna,0,a,b,left\n"


@dataclass(frozen=True)
class Case:
    """A malformed input.

    Attributes:
        name: what is wrong.
        spoil: a function of the copy of the project and its configuration that makes it so.
        said: a regular expression for what the last line says.
        target: what is asked of Snakemake.
        fails: whether it should; where not, `said` is in the log.
    """

    name: str
    spoil: callable
    said: str
    target: str = "data"
    fails: bool = True


def case(name, said, target="data", **more):
    def add(spoil):
        CASES.append(Case(name, spoil, said, target, **more))
        return spoil

    return add


def prepare(case, tree):
    """Spoils a copy of the project, in which a folder of images lies and the tiny experiment uses it."""
    config = yaml.safe_load((tree / "tests/tiny.yaml").read_text())
    config["experiments"]["tiny"]["data"] = dict(IMAGES)
    for part in ("train", "test"):
        for shade, name in enumerate(("cat", "dog")):
            folder = tree / "images" / part / name
            folder.mkdir(parents=True)
            for i in range(4):
                Image.new("RGB", (8, 8), (100 * shade, 60 * i, 0)).save(folder / f"{i}.png")
    case.spoil(tree, config)
    (tree / "tests/tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return config


def blank(path, content=b""):
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(content)
