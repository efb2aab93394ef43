"""What an edit costs: the jobs that Snakemake plans after it, on a finished tiny experiment."""

import ast
import re
import shutil

import pytest
import yaml
from project import TEX, duplicate, planned, resolved, snakemake

from energyguide.config.model import SYSTEMS
from energyguide.reporting.typeset import generated, typeset

EVERYTHING = "all" if TEX else "parts"
PACKAGE = "workflow/energyguide"
SHOWN = {"all", "parts", "pdf"}  # planned after whatever changes what a reader sees


@pytest.fixture(scope="module")
def finished(built, tmp_path_factory):
    """A copy of the project with what was built in it, for this module alone."""
    return duplicate(built, tmp_path_factory.mktemp("finished"))


@pytest.fixture
def edit(finished):
    """Edits a file of the finished copy; all files are put back in the end."""
    before = {}

    def change(name, function):
        path = finished / name
        before.setdefault(path, path.read_text() if path.exists() else None)
        path.write_text(function(before[path] or ""))
        assert path.read_text() != before[path]
        return finished

    yield change
    for path, text in before.items():
        path.unlink() if text is None else path.write_text(text)


def jobs(tree, *arguments):
    """The jobs that a dry run plans, as rule and what it says of itself: a set of (rule, message)."""
    text = snakemake(tree, "-n", *arguments).stdout
    return set(re.findall(r"(?m)^(?:Job \d+: )(.+)$", text))


def sampled(tree):
    """The variants that would be sampled."""
    messages = [job for job in jobs(tree, EVERYTHING) if job.startswith("Sampling ")]
    return {name for message in messages for name in re.findall(r"([\w.@+-]+)/", message)}


def computes(text):
    """One more thing that a module computes."""
    return f"{text}\n\nEDITED = 1 + 1\n"


def remarked(text):
    """The same program, written otherwise: comments, docstrings and the layout are new, and what is said of errors."""
    module = ast.parse(text)
    for node in ast.walk(module):
        body = getattr(node, "body", None)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node):
            body[0] = ast.Expr(ast.Constant("Other words."))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            node.exc.args[0] = ast.Constant("another message")
    return f"# a remark\n{ast.unparse(ast.fix_missing_locations(module))}\n"


def test_a_finished_experiment_has_nothing_to_do(finished):
    assert planned(finished, EVERYTHING) == {}


def test_comments_docstrings_layout_and_messages_cost_nothing(edit, finished):
    for folder in (PACKAGE, "workflow/scripts"):
        for file in sorted((finished / folder).rglob("*.py")):
            if file.name not in ("__init__.py", "job.py"):
                edit(str(file.relative_to(finished)), remarked)
    assert planned(finished, EVERYTHING) == {}


def test_how_jobs_and_files_are_carried_costs_nothing(edit, finished):
    for file in [*(finished / PACKAGE / "run").glob("*.py"), *(finished / PACKAGE / "files").glob("*.py")]:
        edit(str(file.relative_to(finished)), computes)
    assert planned(edit("workflow/scripts/job.py", computes), EVERYTHING) == {}


def test_a_label_shows_and_computes_nothing(edit):
    tree = edit("config.yaml", lambda text: text.replace('"Class-conditional DDPM"', '"Conditional"'))
    rules = planned(tree, EVERYTHING)
    assert "figure_samples" in rules
    assert all(rule.startswith(("table_", "figure_", "numbers_")) or rule in SHOWN for rule in rules)


def test_the_label_of_a_class_costs_what_shows_classes(edit):
    """Nothing is computed again."""
    tree = edit(
        "tests/tiny.yaml", lambda text: text.replace("data: {source: digits,", 'data: {labels: {"3": "US$"}, source: digits,')
    )
    rules = planned(tree, EVERYTHING).keys() - SHOWN
    figures = {"samples", "gradients", "synthesis", "strips", "free_samples", "energy_by_class"}
    figures |= {"time_pairs", "time_gradients", "time_attacks", "time_predictions"}
    assert rules == {
        "table_energy",
        "numbers_energy_guidance",
        "numbers_survey",
        "survey",
        *(f"figure_{name}" for name in figures),
    }


def test_a_sentence_of_the_paper_costs_the_pdf(edit):
    tree = edit("paper/sections/conclusion.tex", lambda text: text.replace("turns", "makes"))
    assert planned(tree, EVERYTHING).keys() <= SHOWN


@pytest.mark.parametrize(
    ("kind", "name", "topic"), [("table", "robustness", "robustness"), ("figure", "corruptions", "robustness")]
)
def test_one_table_or_figure_costs_itself_and_the_pdf(edit, kind, name, topic):
    def counted(text):
        start = text.index(f"def {kind}_{name}(")
        return text[:start] + text[start:].replace('"""\n', '"""\n    edited = 1 + 1  # noqa: F841\n', 1)

    rules = planned(edit(f"{PACKAGE}/reporting/topics/robustness.py", counted), EVERYTHING)
    assert rules.keys() - SHOWN == {f"{kind}_{name}"}


def test_a_guidance_module_costs_the_variants_of_that_module(edit):
    tree = edit(f"{PACKAGE}/diffusion/guidance/joint.py", computes)
    assert sampled(tree) == {"joint-energy"}


def test_a_new_guidance_function_and_its_block_cost_that_variant(finished, tmp_path):
    tree = duplicate(finished, tmp_path)
    (tree / PACKAGE / "diffusion/guidance/tempered.py").write_text(NEW_GUIDANCE)
    config = tree / "tests/tiny.yaml"
    config.write_text(config.read_text().replace("    variants:\n", "    variants:\n" + NEW_BLOCK))
    rules = planned(tree, EVERYTHING)
    assert sampled(tree) == {"tempered"} and rules["metrics"] == 1
    computed = {rule for rule in rules if not rule.startswith(("table_", "figure_", "numbers_")) and rule not in SHOWN}
    assert computed == {"sample", "metrics", "scales", "trajectories"}
    snakemake(tree, "table_scales", "figure_samples")
    assert "tempered,,4," in (tree / "results/tiny/tables/scales.csv").read_text()


NEW_GUIDANCE = '''"""A tempered posterior."""

from pydantic import BaseModel, Field

from energyguide.classifiers.energy import joint_energy
from energyguide.diffusion.descent import descend


class Parameters(BaseModel):
    classifier: str = Field(description="The classifier of images that guides.")
    temper: int | float = Field(ge=0, description="Weight of the normaliser.")


def guidance(spec, scale, models):
    """Ascend F(x)[y] - temper logsumexp F(x)."""
    return descend(lambda logits, y: joint_energy(logits, y) + spec["temper"] * logits.logsumexp(1), spec, scale, models)
'''
NEW_BLOCK = """\
      tempered:
        {label: "Tempered", guidance: tempered, model: unconditional, classifier: eps0.5, unit: sigma, temper: 0.5, scales: [4]}
"""


def test_one_scale_more_costs_that_scale(edit):
    tree = edit(
        "tests/tiny.yaml",
        lambda text: text.replace("joint-energy: {strengths: [2, 4]}", "joint-energy: {strengths: [2, 4, 8]}"),
    )
    new = "joint-energy/8"  # the packs of this system were full: it has a job of its own
    assert jobs(tree, "measurements") == {
        f"Finding the scale of {new}",
        f"Sampling {new}, shard 0",
        f"Sampling {new}, shard 1",
        f"Measuring the samples of {new}",
        "The best scale of joint-energy",
    }


@pytest.mark.parametrize(
    ("module", "trained", "variants"),
    [
        ("nets/ddgan.py", {"ddgan", "points", "stacked"}, {"ddgan-2", "ddgan-direct"}),
        ("nets/vdm.py", {"vdm", "likelihood"}, {"vdm"}),
    ],
)
def test_a_kind_of_model_costs_itself_and_no_other_sampler(edit, module, trained, variants):
    tree = edit(f"{PACKAGE}/{module}", computes)
    rules = planned(tree, EVERYTHING)
    assert trained <= rules.keys() and not {"diffusion", "classifier", "time_classifier"} & rules.keys()
    assert sampled(tree) == variants


def test_the_unet_costs_what_is_built_on_it_and_no_classifier_of_images(edit):
    rules = planned(edit(f"{PACKAGE}/nets/unet.py", computes), EVERYTHING)
    assert {
        "diffusion",
        "diffusion_followed",
        "vdm",
        "ddgan",
        "points",
        "stacked",
        "time_classifier",
    } <= rules.keys()
    assert not {"classifier", "robustness", "energy", "data"} & rules.keys()


def test_an_objective_costs_what_it_trains(edit):
    rules = planned(edit(f"{PACKAGE}/training/classifier.py", computes), EVERYTHING)
    assert {"classifier", "robustness", "energy"} <= rules.keys() and not {"diffusion", "time_classifier", "data"} & rules.keys()


def test_a_key_costs_what_uses_it(edit):
    edit("experiments/digits.yaml", lambda text: text.replace("handwritten digits", "other digits"))
    tree = edit("tests/tiny.yaml", lambda text: text.replace("eps_test: [0, 0.5]", "eps_test: [0, 1]"))
    assert planned(tree, EVERYTHING).keys() - SHOWN == {
        "robustness",
        "autoattack",
        "table_robustness",
        "table_provenance",
        "numbers_robustness",
    }


LISTS = {"table_summary", "table_scales", "table_networks", "table_provenance", "table_generators"}  # show all systems
LISTS |= {"trajectories", "figure_strips", "figure_time_predictions"}  # which follow all variants in one job
LISTS |= {"figure_samples", "figure_scales", "figure_generators", "figure_fid_is", "figure_trajectory", "figure_schedulers"}
COMPARED = {"time_classifiers": {"implicit", "figure_implicit"}, "vdm": {"table_likelihood", "figure_likelihood"}}  # with others


def without(tree, *systems):
    """Options that leave these systems out of the tiny experiment."""
    (tree / "without.yaml").write_text(yaml.safe_dump({"experiments": {"tiny": dict.fromkeys(systems)}}))
    return ["--configfile", "tests/tiny.yaml", "without.yaml"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_left_out_costs_what_lists_all_systems(finished, system):
    """No network is trained again, no variant sampled, and none measured."""
    rules = planned(finished, EVERYTHING, config=without(finished, system)).keys() - SHOWN
    assert {rule for rule in rules if not rule.startswith("numbers_")} - LISTS <= COMPARED.get(system, set())


@pytest.mark.skipif(not TEX, reason="there is no TeX")
@pytest.mark.parametrize("left_out", [*([system] for system in SYSTEMS), SYSTEMS], ids="-".join)
def test_the_paper_is_typeset_without_systems(finished, tmp_path, left_out):
    """No reference is undefined, and no section, macro, table or figure of theirs is asked for."""
    results, systems = finished / "results/tiny", resolved(**dict.fromkeys(left_out)).systems
    for folder in ("tables", "figures", "numbers"):
        shutil.copytree(results / folder, tmp_path / folder)
    macros = [file for file in (tmp_path / "numbers").iterdir() if file.stem in systems or file.stem not in SYSTEMS]
    typeset(finished / "paper", tmp_path / "paper", tmp_path / "paper.pdf", generated(macros, systems, "none"))
    assert (tmp_path / "paper.pdf").stat().st_size > 50_000
