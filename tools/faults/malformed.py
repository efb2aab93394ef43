"""Every input that can be malformed, given to Snakemake in a copy of the project: each ends in one line that names it.

    python tools/faults/malformed.py [part of a name ...]

Takes some ten minutes on two cores. tests/test_malformed.py runs the same cases without Snakemake.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.extend(str(Path(__file__).parents[2] / folder) for folder in ("tests", "workflow", "tools"))

import numpy as np
from faults import malformed_files  # noqa: F401 (its cases are among CASES)
from faults.cases import CASES, DATASET, PREFERENCES, REFERENCE, RELEASED, TRAINED, blank, case, prepare
from PIL import Image
from project import SNAKEMAKE, copy

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
key("data.size", 9, r"network\.multipliers: 1 halvings do not divide 9 pixels; take a `data\.size` that is a mul")
key("data.channels", 4, r"data\.channels: 4 is not one of 1, 3")
key("variants.energy-sigmoid.model", "big", r"variants\.energy-sigmoid\.model: 'big' is not trained; there are unconditional")
key("variants.joint-energy.classifier", "eps9", r"joint-energy\.classifier: classifier 'eps9' is not trained; there are eps0")
key("variants.joint-energy.guidance", "hope", r"joint-energy\.guidance: 'hope' is not one of autoguidance, classifier")
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


def one_class(at, data):
    del data["classes"]
    for part in ("train", "test"):
        shutil.rmtree(at / part / "dog")


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
images(
    "a class that cannot be printed",
    r"data\.path: class 猫 has 猫, which figures or LaTeX cannot print; say how it is printed, by `data\.labels: {猫: \.\.\.}`",
    lambda at, data: [(at / part / "dog").rename(at / part / "猫") for part in ("train", "test")],
)
images(
    "a label of no class",
    r"data\.labels\.cow: there is no such class; there are cat, dog",
    lambda at, data: data.update(labels={"cow": "Cow"}),
)
images(
    "a link to nothing", "train/cow is a link to what is not there; correct", lambda at, data: (at / "train/cow").symlink_to("x")
)
images("one class", "train holds one class, and there must be at least 2", one_class)
images(
    "few images",
    r"images/test has 2 images, and measures need 4; add images",
    lambda at, data: [file.unlink() for name in "123" for file in (at / "test").glob(f"*/{name}.png")],
)
images(
    "of floats beyond 1",
    r"dog/1\.tif has values from 0 to 255, where its type needs \[0, 1\]; rescale or remove it",
    lambda at, data: Image.fromarray(np.linspace(0, 255, 64, dtype=np.float32).reshape(8, 8)).save(at / "train/dog/1.tif"),
)
images(
    "of 16 bits that are nearly black",
    r"dog/1\.tif has values from 0 to 63 of \[0, 65535\], which are one grey in 8 bits; stretch them, or remove it",
    lambda at, data: Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8)).save(at / "train/dog/1.tif"),
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
images(
    "none held out",
    r"data\.held_out: no image would be held out: classes have at most 4; raise it",
    lambda at, data: data.update(held_out=0.01),
)
images(
    "all held out",
    r"data\.held_out: all images of class cat would be held out; lower it",
    lambda at, data: data.update(held_out=0.99),
)
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


def last_line(run, log):
    """What a run says in the end of why it failed: of a job that failed, its reason; else the last line on the terminal."""
    told = run.stderr.partition("did not finish:\n\n")[2]
    lines = told or run.stderr
    lines = [line.strip() for line in lines.split("\n") if line.strip()]
    return lines[0 if told else -1] if run.returncode else log.read_text()


def give(malformed):
    """Runs Snakemake on a case; what is wrong with what it says, or None."""
    with tempfile.TemporaryDirectory() as folder:
        tree = copy(Path(folder))
        prepare(malformed, tree)
        only = {RELEASED: "released", TRAINED: "classifier", REFERENCE: "reference", PREFERENCES: "table_preferences"}
        command = [
            SNAKEMAKE,
            malformed.target,
            "--allowed-rules",
            only.get(malformed.target, "data"),
            "--configfile",
            "tests/tiny.yaml",
        ]
        # Without these rights of root's, what is closed to its owner is closed.
        owner = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] * (os.geteuid() == 0)
        blind = {**os.environ, "https_proxy": "http://127.0.0.1:9"}
        run = subprocess.run([*owner, *command], cwd=tree, env=blind, capture_output=True, text=True)
        for path in tree.rglob("*"):
            path.chmod(0o700) if path.is_dir() else None
        line = last_line(run, tree / "results/tiny/logs/data.log")
        if bool(run.returncode) != malformed.fails:
            return f"ended with {run.returncode}: {run.stderr[-2000:]}"
        if "Traceback" in run.stdout + run.stderr or (tree / "mark").exists():
            return f"a traceback, or code was run: {run.stderr[-3000:]}"
        if not re.search(malformed.said, line):
            return f"said {line!r}"
        print(f"  {line if malformed.fails else re.search(malformed.said, line)[0]}")
        return None


def main(wanted=()):
    """Rows (fault, tries, what happened). Raises SystemExit where a case did not end as it should."""
    chosen = [one for one in CASES if not wanted or any(part in one.name for part in wanted)]
    wrong = {}
    for one in chosen:
        print(one.name, flush=True)
        if problem := give(one):
            wrong[one.name] = problem
            print(f"  WRONG: {problem}", flush=True)
    print(f"{len(chosen) - len(wrong)} of {len(chosen)} malformed inputs ended in one line that names them")
    if wrong:
        sys.exit(f"not so: {', '.join(wrong)}")
    return [("malformed input", len(chosen), "each ended in one line that names it, without a traceback")]


if __name__ == "__main__":
    main(sys.argv[1:])
