"""Every published number is shown, and the paper uses every number that is made for it."""

import ast
import csv
import re
from collections import Counter, defaultdict
from importlib import import_module
from types import SimpleNamespace

import yaml
from measurements import answers, bounds, measure, mode_files
from project import ROOT

from energyguide.config import derive
from energyguide.config.resolve import resolve


def table_of(name):
    """The function that makes a table, wherever its topic is."""
    names = derive.modules("reporting/topics")
    functions = (getattr(import_module(f"energyguide.reporting.topics.{module}"), f"table_{name}", None) for module in names)
    return next(filter(None, functions))


def test_every_published_number_has_its_place_in_the_tables_of_its_experiment(tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    e = resolve({**config, "experiment": "cifar10"})
    ours = dict.fromkeys(("is", "fid", "precision", "recall", "accuracy"), 999)
    blocks = derive.sampled(e)
    files = measure(tmp_path, {name: dict.fromkeys(spec["scales"], ours) for name, spec in blocks.items()})
    results = [bounds(tmp_path, name, 999) for name in e["likelihood"]["models"]]
    inputs = SimpleNamespace(
        metrics=files, results=results, published=ROOT / "paper/published.csv", **answers(tmp_path), **mode_files(tmp_path)
    )
    params = SimpleNamespace(
        published=e["published"],
        compared=e["time_guidance"],
        variants={**e["variants"], **derive.generators(e)},
        steps=derive.snapshots(e),
        scale=e["time_guidance"]["scale"],
        threats=derive.threats(e),
        variant=e["classifier_free"]["variant"],
        unguided=e["classifier_free"]["unguided"],
        labels=derive.likelihood_labels(e),
    )
    published = defaultdict(Counter)
    with open(inputs.published, newline="") as file:
        for row in csv.DictReader(file):
            published[row["table"]][float(row["value"])] += row["experiment"] == "cifar10"
    del published["robustness"], published["unconditional"]
    assert set(published) == {
        "time_quality",
        "time_iterations",
        "time_threats",
        "time_scales",
        "time_precision",
        "classifier_free",
        "preferences",
        "likelihood",
        "generators",
        "modes",
    }
    for name, wanted in published.items():
        body = table_of(name)(inputs, params).body
        shown = Counter(
            float(number) for line in filter(None, body) for cell in line for number in re.findall(r"\d+\.?\d*", cell)
        )
        assert wanted <= shown, f"{name}: {sorted((wanted - shown).elements())} of published.csv are not shown"


def macros():
    """Name -> the functions of the topics whose results hold it, read from the sources."""
    made = defaultdict(set)
    for file in [
        *(ROOT / "workflow/energyguide/reporting/topics").glob("*.py"),
        ROOT / "workflow/energyguide/reporting/numbers.py",
    ]:
        tree = ast.parse(file.read_text())
        for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
            if not function.name.startswith("numbers_") and function.name != "latex":
                continue
            for node in ast.walk(function):
                keys = node.keys if isinstance(node, ast.Dict) else []
                if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                    keys = [node.slice]
                for key in keys:
                    if isinstance(key, ast.Constant) and str(key.value).isalpha():
                        made[key.value].add(f"{file.stem}.{function.name}")
    del made["summary"]  # becomes a part of saySummary
    return made


def test_the_paper_uses_every_number_that_is_made_and_no_other():
    made = macros()
    assert len(made) > 80 and {name: where for name, where in made.items() if len(where) > 1} == {}
    paper = "".join(path.read_text() for path in sorted((ROOT / "paper").rglob("*.tex")))
    used, own = set(re.findall(r"\\([A-Za-z]+)", paper)), set(re.findall(r"\\newcommand\{\\([A-Za-z]+)\}", paper))
    assert not own & set(made)
    assert sorted(set(made) - used) == [], "made, but not used in paper/"
    ours = {name for name in used if re.fullmatch("[a-z]+[A-Z][A-Za-z]*", name)}  # LaTeX's own have no capital within
    assert sorted(ours - own - set(made)) == [], "used in paper/, but made nowhere"
