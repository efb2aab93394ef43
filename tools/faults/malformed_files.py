"""Malformed inputs: released weights, results that were damaged, answers to the survey, published numbers."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import torch
from faults.cases import ANSWER, DATASET, HEADER, PREFERENCES, REFERENCE, RELEASED, SURVEY, TRAINED, blank, case
from safetensors.torch import save_file

from energyguide.data.dataset import SPLITS, Dataset
from energyguide.files.arrays import save_arrays, sidecar
from energyguide.files.atomic import sha256, write_json, write_text
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.weights import save

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
released("cut off", "net.safetensors is damaged, or no safetensors .*; fetch it again", truncated)
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
released("whole numbers", "has whole numbers in fc.bias; .* take another", lambda path, w: w | {"fc.bias": torch.ones(2).int()})
released("complex", "net.safetensors: fc.bias is complex64, .*; convert", lambda path, w: w | {"fc.bias": torch.ones(2) * 1j})
released(
    "a web page", "net.pt is a web page, not weights; download", lambda path, w: path.write_text("<html>") * 0 or None, "net.pt"
)
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
        tiny |= {"metrics": {"features": "inception", "inception": "inception.pth", "classifier": "eps0.5"}}
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
