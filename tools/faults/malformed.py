"""Every input that can be malformed, given to Snakemake in a copy of the project: each ends in one line that names it.

    python tools/faults/malformed.py [part of a name ...]

Takes some ten minutes on two cores. tests/test_malformed.py runs the same cases without Snakemake.
"""

import functools
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.extend(str(Path(__file__).parents[2] / folder) for folder in ("tests", "workflow"))

import numpy as np
import torch
import yaml
from PIL import Image
from project import SNAKEMAKE, copy
from safetensors.torch import save_file

from energyguide.data.dataset import SPLITS, Dataset
from energyguide.files.arrays import save_arrays, sidecar
from energyguide.files.atomic import sha256, write_json, write_text
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.weights import save

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


# Files of configuration


def configuration(name, said, content):
    @case(f"config.yaml: {name}", rf"^config\.yaml{said}")
    def spoil(tree, config):
        path = tree / "config.yaml"
        text = path.read_bytes()
        path.unlink()
        content(path) if callable(content) else path.write_bytes(content + text)


configuration("missing", " cannot be read .*put a configuration there", lambda path: None)
configuration("a folder", " cannot be read .*put a configuration there", Path.mkdir)
configuration("empty", " has no keys at its top; it should begin with", Path.touch)
configuration("a list", " has no keys at its top", lambda path: path.write_text("- experiment\n- digits\n"))
configuration("a tab", r", line 2: .*cannot start any token; correct it", b"a:\n\tb: 1\n")
configuration("unclosed", r", line \d+: .*flow sequence.*; correct it", b"a: [1, 2\n")
configuration("not UTF-8", ", line 2: this is not UTF-8; save the file in that encoding", b"a: 1\nb: caf\xe9\n")
configuration("a key twice", r", line \d+: the key 'experiment' is there twice; correct it", b"experiment: tiny\n")
configuration("in a circle", r" is not YAML \(Circular.*; correct it", b"a: &here {b: *here}\n")
configuration("an impossible date", r" is not YAML \(month.*; correct it", b"a: 2026-99-99\n")


# Keys of the configuration


def key(path, value, said=None):
    @case(f"{path}: {value!r:.40}", said or rf"experiments\.tiny\.{re.escape(path)}: ")
    def spoil(tree, config):
        node = config if path.startswith("/") else config["experiments"]["tiny"]
        *parents, last = path.lstrip("/").split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value


key("/experiment", "nothing", "experiment: 'nothing' is not one of .*; choose one, or write experiments/nothing")
key("/colour", "blue", "colour: there is no such key; remove it")
key("seeed", 1, r"experiments\.tiny\.seeed: there is no such key; did you mean `seed`")
key("seed", "one")
key("seed", -1)
key("synthesis.eps", float("nan"))
key("synthesis.eps", None)
key("data", None)
key("data.classes", 3, r"data\.classes: 3 does not fit: images/train holds 2 folders")
key("data.size", 9, r"network\.multipliers: 1 halvings do not divide 9 pixels")
key("variants.energy-sigmoid.model", "big", r"variants\.energy-sigmoid\.model: 'big' is not trained; there are unconditional")
key("variants.joint-energy.classifier", "eps9", r"joint-energy\.classifier: classifier 'eps9' is not trained; there are eps0")
key("variants.joint-energy.guidance", "hope", r"joint-energy\.guidance: 'hope' is not one of classifier")
key("variants", {1: {}}, r"variants\.1: this key is not text; put quotes")
key(
    "weights.eps9", {"file": "a.pt", "sha256": "0" * 64, "format": "plain"}, r"weights\.eps9: no network has this name; there are"
)
key("weights.eps0", {"file": "a.pt", "sha256": "abc", "format": "plain"}, r"weights\.eps0\.sha256: ")


# Folders of images and archives


def images(name, said, change, **more):
    @case(f"images: {name}", said, **more)
    def spoil(tree, config):
        change(tree / "images", config["experiments"]["tiny"]["data"])


def blank(path, content=b""):
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(content)


REPLACE = "remove or replace it$"
images("missing", "images/train is missing; images belong into", lambda at, data: shutil.rmtree(at))
images("no train", "images/train is missing; images belong into", lambda at, data: shutil.rmtree(at / "train"))
images("a file for a folder", "images/train is not a folder; images belong", lambda at, data: blank(at / "train"))
images("no test", "images/test is missing; images belong into", lambda at, data: shutil.rmtree(at / "test"))
images(
    "no classes", "images/test has no class folders; images", lambda at, data: [shutil.rmtree(f) for f in (at / "test").iterdir()]
)
images(
    "an empty class", "images/train/cat holds no image; put", lambda at, data: [f.unlink() for f in (at / "train/cat").iterdir()]
)
images(
    "other classes",
    r"images: the classes .* differ \(cow, dog\); give",
    lambda at, data: (at / "test/dog").rename(at / "test/cow"),
)
images("garbage", f"images/train/dog/1.png cannot be read.*{REPLACE}", lambda at, data: blank(at / "train/dog/1.png", b"?" * 99))
images("of no length", f"images/train/dog/1.png cannot be read.*{REPLACE}", lambda at, data: blank(at / "train/dog/1.png"))
images("another file", f"cat/notes.txt cannot be read.*{REPLACE}", lambda at, data: blank(at / "train/cat/notes.txt", b"words"))
images("a folder inside", f"images/train/cat/more cannot be read.*{REPLACE}", lambda at, data: (at / "train/cat/more").mkdir())
images(
    "closed", f"images/train/cat/0.png cannot be read.*Permission.*{REPLACE}", lambda at, data: (at / "train/cat/0.png").chmod(0)
)
images(
    "a closed class", "images/train/cat is closed to you; change its permissions", lambda at, data: (at / "train/cat").chmod(0)
)
images("a closed folder", "images/train is closed to you; change its permissions", lambda at, data: (at / "train").chmod(0))
images("none held out", r"no image is held out of 8; raise `data\.held_out`", lambda at, data: data.update(held_out=0.01))
images("all held out", r"all images of class 'cat' are held out; lower", lambda at, data: data.update(held_out=0.99))
images(
    "results is a file",
    "^results is a file, and a folder belongs there; move",
    lambda at, data: blank(at.parent / "results"),
    target=str(DATASET),
)
images("dots are left out", "done: ", lambda at, data: blank(at / "train/cat/.DS_Store", b"\0"), fails=False)


@functools.partial(images, "cut off", f"images/test/cat/0.png cannot be read.*truncated.*{REPLACE}")
def cut(at, data):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(at / "test/cat/0.png")
    os.truncate(at / "test/cat/0.png", 5000)


@functools.partial(images, "of mixed sizes", r"1 of 8 .* cropped to 8x8, the first images/train/dog/2.png \(20x12\)", fails=False)
def stretch(at, data):
    Image.new("RGB", (20, 12)).save(at / "train/dog/2.png")


def archive(name, said, content):
    @case(f"CIFAR-10: {name}", said)
    def spoil(tree, config):
        tiny = config["experiments"]["tiny"]
        tiny["data"] |= {"source": "cifar10", "path": "archives", "size": 32, "classes": 10}
        tiny["sampling"] |= {"batch": 40, "shards": 1}
        for block in ("diffusion", "time_classifiers"):
            tiny[block]["network"]["attention"] = [16]
        content(tree / "archives")


ARCHIVE = "cifar-10-binary.tar.gz"
archive("no network", rf"cannot download .*{ARCHIVE}.*; put the file into archives yourself", lambda folder: None)
archive("a file for a folder", "archives is a file, and a folder belongs there; move it away", lambda folder: blank(folder))
archive(
    "cut off",
    rf"{ARCHIVE} is damaged or not the original .*; delete it",
    lambda folder: [folder.mkdir(), blank(folder / ARCHIVE)],
)
archive(
    "a folder", rf"{ARCHIVE} is a folder, and a file belongs there; move", lambda folder: (folder / ARCHIVE).mkdir(parents=True)
)


# Released weights


def released(name, said, change, file="net.safetensors", **release):
    @case(f"released weights: {name}", said, RELEASED)
    def spoil(tree, config):
        path, tiny = tree / file, config["experiments"]["tiny"]
        tiny["weights"] = {"eps0.5": {"file": file, "sha256": "0" * 64, "format": "plain", **release}}
        torch.manual_seed(0)
        shape = {"channels": 3, "classes": 2, "block": "basic", **tiny["classifiers"]["network"]}
        weights = change(path, dict(CifarResNet(**shape).state_dict()))
        if weights is not None:
            (save_file if path.suffix == ".safetensors" else torch.save)(weights, path)
        if path.is_file() and name != "another file":
            tiny["weights"]["eps0.5"]["sha256"] = sha256(path)


def truncated(path, weights):
    (save_file if path.suffix == ".safetensors" else torch.save)(weights, path)
    os.truncate(path, path.stat().st_size // 2)


class Code:
    """Leaves a mark where a pickle of it is read with code."""

    def __reduce__(self):
        return os.mkdir, ("mark",)


FITS = "does its network have the `format` and the `network` of the configuration"
released("missing", "net.safetensors is missing; download it, or take", lambda path, weights: None)
released("a folder", "net.safetensors is a folder, and a file belongs there", lambda path, weights: path.mkdir())
released("another file", "net.safetensors has the sha256 .*: another file than `weights` asks for", lambda path, weights: weights)
released("cut off", "net.safetensors is damaged, or no safetensors .*; fetch it anew", truncated)
released("of no length", "net.safetensors is damaged, or no safetensors .*; fetch", lambda path, weights: path.touch())
released("cut off by torch", "net.pt is damaged.*; download it again", truncated, file="net.pt")
released("of no length by torch", "net.pt is damaged.*; download it again", lambda path, weights: path.touch(), file="net.pt")
released("with code", "net.pt holds more than tensors.*; save", lambda path, weights: {"w": Code()}, file="net.pt")
released(
    "a bare pickle",
    "net.pt holds more than tensors.*; save",
    lambda path, w: path.write_bytes(pickle.dumps(Code())) * 0 or None,
    "net.pt",
)
released("no state dict", "net.pt holds no state dict.*; save", lambda path, weights: [1, 2], file="net.pt")
released(
    "a missing layer", f"net.safetensors has no fc.bias; {FITS}", lambda path, w: {k: v for k, v in w.items() if k != "fc.bias"}
)
released("another layer", f"net.safetensors has, .* not, more; {FITS}", lambda path, w: w | {"more": torch.ones(1)})
released("another shape", f"net.safetensors has in another shape fc.bias; {FITS}", lambda path, w: w | {"fc.bias": torch.ones(9)})
released("not finite", "not finite in fc.bias; .* take another", lambda path, w: w | {"fc.bias": torch.full((2,), torch.nan)})
released("two means", f"has in another shape mean, std; {FITS}", lambda path, w: w, mean=[0.5, 0.5], std=[0.5, 0.5])
released(
    "another library", r"weights\.eps0\.5\.format: 'diffusers' holds a UNet, and this", lambda path, w: w, format="diffusers"
)


# Results that were damaged on the disk, and weights of Inception


def result(name, said, change, target=TRAINED):
    @case(name, said, target)
    def spoil(tree, config):
        pixels, labels = np.zeros((8, 3, 8, 8), np.uint8), np.arange(8) % 2
        Dataset(("cat", "dog"), dict.fromkeys(SPLITS, pixels), dict.fromkeys(SPLITS, labels)).save(tree / DATASET)
        change(tree / DATASET, config["experiments"]["tiny"])


def relabel(path, tiny):
    with np.load(path) as arrays:
        save_arrays(path, {**arrays, "labels_val": np.full(8, 7)}, classes=["cat", "dog"])


def inception(content):
    def change(path, tiny):
        tree = path.parents[3]
        shape = {"channels": 3, "classes": 2, "block": "basic", **tiny["classifiers"]["network"]}
        for name in ("judge", "eps0.5"):
            network = CifarResNet(**shape).state_dict()
            save(tree / f"results/tiny/classifiers/{name}.safetensors", network, "resnet.CifarResNet", shape)
        save_arrays(tree / "results/tiny/energy/eps0.5.npz", {"energy": np.zeros(8)})
        tiny |= {"metrics": {"features": "inception", "inception": "inception.pth"}, "energy": {"classifier": "eps0.5"}}
        content(tree / "inception.pth")

    return change


result("dataset: damaged", "dataset.npz is damaged: its checksum.*; delete both", lambda path, tiny: os.truncate(path, 99))
result(
    "sidecar: damaged",
    "dataset.npz.json is damaged: it is not JSON .*; delete it",
    lambda path, tiny: os.truncate(sidecar(path), 9),
)
result(
    "sidecar: of another kind",
    "npz.json does not say what made .*; delete both",
    lambda path, tiny: write_json(sidecar(path), [1]),
)
result("sidecar: missing", "dataset.npz.json is missing, .*; delete that and run", lambda path, tiny: sidecar(path).unlink())
result("dataset: other labels", "labels_val does not give each image one of the classes; delete", relabel)
result("dataset: no images", "dataset.npz lacks images_test.*; delete", lambda path, tiny: save_arrays(path, {"x": np.zeros(1)}))
result("Inception: missing", "inception.pth is missing; `metrics.inception` names it", inception(lambda path: None), REFERENCE)
result("Inception: another file", "inception.pth is not torch-fidelity's.*; delete it", inception(blank), REFERENCE)
result("Inception: a folder", "inception.pth is a folder, and a file belongs there", inception(Path.mkdir), REFERENCE)


# Answers to the survey, and published numbers


def answers(name, said, content=HEADER + ANSWER, page=json.dumps(SURVEY), published=None):
    @case(name, said, PREFERENCES)
    def spoil(tree, config):
        config["experiments"]["tiny"]["published"] = "cifar10"
        path = tree / "answers/tiny/anna.csv"
        path.parent.mkdir(parents=True)
        path.mkdir() if content is None else path.write_text(content, encoding="latin-1")
        write_text(tree / "results/tiny/survey.json", page)
        if published:
            (tree / "paper/published.csv").write_text((tree / "paper/published.csv").read_text().replace(*published, 1))


answers("survey: empty", "answers/tiny/anna.csv is empty; use the file as", "")
answers("survey: other columns", "anna.csv, line 1: the columns are not .*; use the file as", "a,b\n" + ANSWER)
answers(
    "survey: not UTF-8", "anna.csv is not a CSV file in UTF-8 .*; use the file as", HEADER + ANSWER.replace("anna", "ann\xe9")
)
answers(
    "survey: a word for an answer", "anna.csv, line 2: the answer 'up' is none of .*; use", HEADER + ANSWER.replace("left", "up")
)
answers("survey: of another page", "anna.csv, line 2: this answers survey 'abd'.*; remove", HEADER + ANSWER.replace("abc", "abd"))
answers("survey: no such pair", "anna.csv, line 2: there is no pair '7'.*; use", HEADER + ANSWER.replace(",0,", ",7,"))
answers("survey: no answers", "anna.csv holds no answers; remove it", HEADER)
answers("survey: a folder", "anna.csv is a folder, and a file belongs there; move it away", None)
answers("survey: its page damaged", "survey.json is damaged: it is not JSON .*; delete it", page="{")
answers("published.csv: no number", "published.csv, line 2: could not convert .*'x'; mend it", published=("95.25", "x"))
answers("published.csv: other columns", "published.csv, line 1: the columns are not .*; mend it", published=("value", "worth"))
answers("published.csv: fields lost", "published.csv, line 2: there are 6 fields .*; mend it", published=("95.25,", ""))


def last_line(run, log):
    """What a run says in the end of why it failed: of a job that failed, its reason; else the last line on the terminal."""
    told = run.stderr.partition("did not finish:\n\n")[2]
    lines = told or run.stderr
    lines = [line.strip() for line in lines.split("\n") if line.strip()]
    return lines[0 if told else -1] if run.returncode else log.read_text()


def give(case):
    """Runs Snakemake on a case; what is wrong with what it says, or None."""
    with tempfile.TemporaryDirectory() as folder:
        tree = copy(Path(folder))
        prepare(case, tree)
        only = {RELEASED: "released", TRAINED: "classifier", REFERENCE: "reference", PREFERENCES: "table_preferences"}
        command = [SNAKEMAKE, case.target, "--allowed-rules", only.get(case.target, "data"), "--configfile", "tests/tiny.yaml"]
        # Without these rights of root's, what is closed to its owner is closed.
        owner = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] * (os.geteuid() == 0)
        blind = {**os.environ, "https_proxy": "http://127.0.0.1:9"}
        run = subprocess.run([*owner, *command], cwd=tree, env=blind, capture_output=True, text=True)
        for path in tree.rglob("*"):
            path.chmod(0o700) if path.is_dir() else None
        line = last_line(run, tree / "results/tiny/logs/data.log")
        if bool(run.returncode) != case.fails:
            return f"ended with {run.returncode}: {run.stderr[-2000:]}"
        if "Traceback" in run.stdout + run.stderr or (tree / "mark").exists():
            return f"a traceback, or code was run: {run.stderr[-3000:]}"
        if not re.search(case.said, line):
            return f"said {line!r}"
        print(f"  {line if case.fails else re.search(case.said, line)[0]}")
        return None


def main(wanted=()):
    """Rows (fault, tries, what happened). Raises SystemExit where a case did not end as it should."""
    chosen = [case for case in CASES if not wanted or any(part in case.name for part in wanted)]
    wrong = {}
    for case in chosen:
        print(case.name, flush=True)
        if problem := give(case):
            wrong[case.name] = problem
            print(f"  WRONG: {problem}", flush=True)
    print(f"{len(chosen) - len(wrong)} of {len(chosen)} malformed inputs ended in one line that names them")
    if wrong:
        sys.exit(f"not so: {', '.join(wrong)}")
    return [("malformed input", len(chosen), "each ended in one line that names it, without a traceback")]


if __name__ == "__main__":
    main(sys.argv[1:])
