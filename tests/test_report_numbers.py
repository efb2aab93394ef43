"""Every published number is shown, and the paper uses every number that is made for it."""

import ast
import csv
import re
from collections import Counter, defaultdict
from importlib import import_module
from types import SimpleNamespace

import pytest
from measurements import answers, bounds, measure, mode_files
from project import ROOT, resolved

from energyguide.config.model import SYSTEMS
from energyguide.config.names import modules
from energyguide.reporting.captions import whole
from energyguide.reporting.topics import survey


def table_of(name):
    """The function that makes a table, wherever its topic is."""
    names = modules("reporting/topics")
    functions = (getattr(import_module(f"energyguide.reporting.topics.{module}"), f"table_{name}", None) for module in names)
    return next(filter(None, functions))


def test_every_published_number_has_its_place_in_the_tables_of_its_experiment(tmp_path):
    e = resolved("cifar10")
    ours = dict.fromkeys(("is", "fid", "precision", "recall", "accuracy"), 999)
    blocks = {name: variant.dump() for name, variant in e.sampled.items()}
    files = measure(tmp_path, {name: dict.fromkeys(variant.grid, ours) for name, variant in e.sampled.items()})
    models = e.likelihood.measured(e)
    inputs = SimpleNamespace(
        metrics=files,
        results=[bounds(tmp_path, name, 999) for name in models],
        published=ROOT / "paper/published.csv",
        **answers(tmp_path),
        **mode_files(tmp_path),
    )
    params = SimpleNamespace(
        published=e.published,
        compared=e.time_classifiers.compared.dump(),
        variants={name: blocks[name] for name in [*e.variants, *e.vdm.models, *e.ddgan.models]},
        steps=e.time_classifiers.snapshots(e),
        scale=e.time_classifiers.compared.scale,
        threats=e.time_classifiers.robust(e),
        variant=e.classifier_free.variant,
        unguided=e.classifier_free.unguided,
        labels={name: name for name in models},
    )
    published = defaultdict(Counter)
    with open(inputs.published, newline="") as file:
        for row in csv.DictReader(file):
            published[row["table"]][float(row["value"])] += row["experiment"] == "cifar10"
    for name in ("robustness", "robustness_library_20", "robustness_library_100", "unconditional"):
        del published[name]
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
        shown = [cell for line in filter(None, table_of(name)(inputs, params).body) for cell in line]
        shown += [survey.numbers_reported(inputs, params)["sayReportedSurvey"].replace(",", "")] if name == "preferences" else []
        shown = Counter(float(number) for text in shown for number in re.findall(r"\d+\.?\d*", text))
        assert wanted <= shown, f"{name}: {sorted((wanted - shown).elements())} of published.csv are not shown"


def macros():
    """Name -> the functions of the topics whose results hold it, as topic.function, read from the sources."""
    made = defaultdict(set)
    for file in (ROOT / "workflow/energyguide/reporting/topics").glob("*.py"):
        for function in ast.parse(file.read_text()).body:
            if not isinstance(function, ast.FunctionDef) or not function.name.startswith("numbers"):
                continue
            for node in ast.walk(function):
                keys = node.keys if isinstance(node, ast.Dict) else []
                for key in keys:
                    if isinstance(key, ast.Constant) and re.fullmatch("[a-z]+[A-Z][A-Za-z]*|command|traced", str(key.value)):
                        made[key.value].add(f"{file.stem}.{function.name}")
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


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_belongs_to_a_system_is_spoken_of_where_the_system_is(system):
    """Without it, the paper refers to none of its labels, and uses none of its macros."""
    own = (ROOT / f"paper/sections/{system}.tex").read_text()
    labels = set(re.findall(r"\\label\{(.*?)\}", own))
    numbers = {name for name, where in macros().items() if {place.partition(".")[0] for place in where} == {system}}
    main = (ROOT / "paper/main.tex").read_text()
    left = {*resolved("digits", **{system: None}).systems}
    rest = whole(ROOT / "paper", main[main.index(r"\begin{document}") :], left)
    assert own.strip()[:60] not in rest
    assert not labels.intersection(re.findall(r"\\(?:eq)?ref\{(.*?)\}", rest))
    assert not numbers.intersection(re.findall(r"\\([A-Za-z]+)", rest))
    everything = whole(ROOT / "paper", main[main.index(r"\begin{document}") :], {*SYSTEMS})
    assert numbers <= set(re.findall(r"\\([A-Za-z]+)", everything)) and own.strip()[:60] in everything
