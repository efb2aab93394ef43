"""Each cell of paper/published.csv, against tests/published/: the tables as their authors print them, copied on their own.

The first line of such a file names the table of published.csv, the source and the data, the second the columns.
"""

import csv
import re

import pytest
from project import ROOT

PRINTED = sorted((ROOT / "tests/published").glob("*.txt"))
WIDER = {"imagenet32": "ImageNet 32", "imagenet64": "ImageNet 64"}  # columns of other data than the rest of their table
AUGMENTED = {"A": "extensive", "B": "shifts", "C": "flips"}
TURNED = {"time_quality"}  # printed with rows for columns
NAMES = {  # what published.csv calls a row or column; of all others, the printed name, in lower case if it is a column
    "unconditional": {"DDPM": "ddpm-1000", "DDIM": "ddim"},
    "time_quality": {"Precision": "precision", "Recall": "recall", "FID": "fid"},
    "time_iterations": {"FID": "fid"},
    "time_threats": {f"{steps} steps": str(steps) for steps in (5, 7, 9)},
    "time_scales": {"Vanilla": "vanilla fid", "Robust": "robust fid"},
    "preferences": {"Robust": "first", "Vanilla": "second", "No Preference": "none", "All answers": "all answers"},
    "classifier_free": {"Ours, no guidance": "0", "ADM [3]": "ADM", "CDM [6]": "CDM"},
    "likelihood": {
        "DDPM": "unconditional",
        "VDM (variational bound)": "vdm",
        "ScoreFlow (variational bound)": "ScoreFlow, bound",
        "ScoreFlow (cont. norm. flow)": "ScoreFlow, flow",
        "CIFAR10 no data aug.": "plain",
        "ImageNet 32x32": "imagenet32",
        "ImageNet 64x64": "imagenet64",
    },
    "generators": {
        "Denoising Diffusion GAN (ours), T=4": "ddgan-4",
        **{f"T = {steps}": f"ddgan-{steps}" for steps in (1, 2, 4, 8)},
        "One-shot w/ aug": "one-shot",
        "Direct denoising": "ddgan-direct",
        "No latent variable": "ddgan-no-latent",
        "DDPM": "ddpm-1000",
        "VDM": "vdm",
        "FID": "fid_all_train",
        "FID, 10,000 images against the validation set": "fid",
        "Time (s)": "seconds",
    },
    "modes": {"Denoising Diffusion GAN (ours)": "Denoising Diffusion GAN"},
}


def named(table, printed, column=False):
    """A printed row or column as published.csv has it: numbers at their shortest, names without a citation."""
    text = re.sub(r" [(\[][^)\]]*(\d{4}\w?|et al\.)[)\]]", "", printed)
    if text in NAMES.get(table, {}):
        return NAMES[table][text]
    if ball := re.fullmatch(r"\|\|delta\|\|_(2|inf) <= (.*)", text):
        return f"l{ball[1]}-{ball[2].removesuffix('.0')}"
    if number := re.fullmatch(r"(?:[sw] ?= ?)?([\d.]+)([k%]?)", text):
        return f"{float(number[1]) * {'k': 1000, '%': 0.01, '': 1}[number[2]]:.7g}"
    return text.lower() if column or table == "time_precision" else text


def cells(file):
    """(table, row, column) -> number, source, data: of each number that a file prints."""
    (tables, source, data), head, *lines = (
        [cell.strip() for cell in line.split("|" if "||" not in line else " | ")] for line in file.read_text().splitlines()
    )
    found = {}
    for printed, *numbers in lines:
        for above, text in zip(head[1:], numbers, strict=False):  # the last cells of a line may be empty
            for table, part in zip(tables.split(" / "), text.split(" / "), strict=False):
                number = re.match(r"[\d.]+", part)
                if not number:
                    continue
                row, column = named(table, printed), named(table, above, column=True)
                if note := re.search(r"\((.)\)", part):
                    column = AUGMENTED[note[1]]
                place = (column, row) if table in TURNED else (row, column)
                value = float(number[0]) / (100 if column == "seconds" else 1)  # theirs are for 100 images
                found[table, *place] = value, source, WIDER.get(column, data)
    return found


def published():
    """(table, row, column) -> number, source, data, as published.csv has them; none twice."""
    with open(ROOT / "paper/published.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    found = {(line["table"], line["row"], line["column"]): (float(line["value"]), line["source"], line["data"]) for line in lines}
    assert len(found) == len(lines) and {line["experiment"] for line in lines} == {"cifar10"}
    return found


@pytest.mark.parametrize("file", PRINTED, ids=lambda file: file.stem)
def test_each_printed_number_is_in_its_row_and_column(file):
    ours = published()
    for place, (value, source, data) in cells(file).items():
        assert place in ours, f"{place} is printed, and not in published.csv"
        assert ours[place][0] == pytest.approx(value, abs=1e-9), place
        assert ours[place][2] == data, place
        if place[:2] != ("generators", "ddgan-4"):  # in two tables of one source
            assert ours[place][1].startswith(source), place


def test_nothing_else_is_said_to_be_published():
    printed = {place for file in PRINTED for place in cells(file)}
    assert published().keys() == printed
