"""The shape of the house: which room may import which, how large things may be, and what each rule depends on."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest
from project import ROOT

from energyguide.config.model import SYSTEMS, Experiment
from energyguide.run.digests import PACKAGE, SCRIPTS, closure, imports, module_file, named

ROOMS = {  # what each may import from, beside itself; a room imports only from rooms above its own line
    "files": set(),
    "data": {"files"},
    "nets": {"files"},
    "classifiers": {"data", "nets"},
    "diffusion": {"files", "data", "nets", "classifiers"},
    "training": {"data", "nets", "classifiers", "diffusion"},
    "metrics": {"files", "data", "nets", "classifiers", "diffusion"},
    "studies": {"data", "nets", "classifiers", "diffusion", "training", "metrics"},
    "reporting": {"files", "metrics"},
    "config": {"data", "diffusion"},
    "run": {"files", "config"},
}
COSTING = {PACKAGE / "run" / name for name in ("cost.py", "memory.py", "operations.py")}  # they count on networks
COST = {"nets", "diffusion", "training"}  # and may therefore import these too
LONGEST = 300  # lines of a file
MODULES = sorted(file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py")


def room(file):
    return file.relative_to(PACKAGE).parts[0]


def files_of(script):
    return {str(file.relative_to(PACKAGE)) for file in closure(SCRIPTS / script) if PACKAGE in file.parents}


def used(file):
    return {other for _, other, _ in imports(file) if PACKAGE in other.parents}


def test_rooms_import_only_from_rooms_above():
    assert {room(file) for file in MODULES} == ROOMS.keys()
    for file in MODULES:
        allowed = ROOMS[room(file)] | {room(file)} | (COST if file in COSTING else set())
        odd = {str(other.relative_to(PACKAGE)) for other in used(file) if room(other) not in allowed}
        assert not odd, f"{file.relative_to(PACKAGE)} imports {', '.join(odd)}"


def test_each_room_lies_above_those_that_import_it():
    order = list(ROOMS)
    assert all(order.index(other) < order.index(name) for name, others in ROOMS.items() for other in others)


def test_no_module_imports_itself_by_a_detour():
    list(TopologicalSorter({file: used(file) for file in MODULES}).static_order())  # CycleError names the circle


def test_no_file_of_the_package_is_too_long():
    assert not {str(file): count for file in MODULES if (count := len(file.read_text().splitlines())) > LONGEST}


def test_packages_hold_a_docstring_alone():
    """They are in no digest: what stood in them would change results unseen."""
    for file in PACKAGE.rglob("__init__.py"):
        body = ast.parse(file.read_text()).body
        assert len(body) == 1 and ast.get_docstring(ast.parse(file.read_text())), file


def test_a_closure_follows_imports_inside_functions_and_leaves_out_what_is_neutral():
    files = files_of("sample.py")
    assert {"diffusion/samplers.py", "diffusion/denoiser.py", "nets/weights.py", "data/noise.py"} <= files
    assert not {room(PACKAGE / file) for file in files} & {"files", "run", "reporting", "metrics", "training"}


@pytest.mark.parametrize(
    ("script", "needs", "does_without"),
    [
        ("train_diffusion.py", "training/diffusion.py", "nets/unet.py"),  # which is found by its name
        ("train_classifier.py", "classifiers/attacks.py", "diffusion/schedule.py"),
        ("train_time_classifier.py", "diffusion/schedule.py", "training/ddgan.py"),
        ("train_vdm.py", "diffusion/likelihood.py", "training/diffusion.py"),
        ("train_ddgan.py", "nets/ddgan.py", "training/diffusion.py"),
        ("sample.py", "diffusion/samplers.py", "diffusion/guidance/joint.py"),
        ("measure_samples.py", "metrics/quality.py", "diffusion/samplers.py"),
        ("measure_samples.py", "nets/passes.py", "classifiers/attacks.py"),
        ("measure_energy.py", "classifiers/energy.py", "classifiers/attacks.py"),
        ("measure_corruptions.py", "classifiers/corruptions.py", "classifiers/attacks.py"),
        ("measure_likelihood.py", "metrics/likelihood.py", "training/loop.py"),
        ("guided_densities.py", "diffusion/guidance/classifier_free.py", "diffusion/guidance/joint.py"),
        ("import_weights.py", "nets/released.py", "nets/ddgan.py"),
        ("prepare_data.py", "data/load.py", "data/sources/cifar10.py"),
        ("paper.py", "reporting/typeset.py", "reporting/layout.py"),
    ],
)
def test_a_rule_depends_on_what_it_uses(script, needs, does_without):
    files = files_of(script)
    assert needs in files and does_without not in files


def test_what_is_found_by_name_brings_what_it_imports():
    found = {digest.split()[0] for digest in named("nets/vdm", "diffusion/guidance/joint")}
    assert found == {
        "nets/vdm",
        "nets/unet",
        "diffusion/guidance/joint",
        "diffusion/descent",
        "diffusion/hooks",
        "diffusion/units",
        "classifiers/energy",
    }


def loaded(script):
    """The libraries that a job imports before it works: at the top of its script, and of each module that this imports there."""
    found, todo = {}, [SCRIPTS / script]
    while todo:
        file = todo.pop()
        names = [alias.name for node in tops(file) if isinstance(node, ast.Import) for alias in node.names]
        names += [
            f"{node.module}.{alias.name}" for node in tops(file) if isinstance(node, ast.ImportFrom) for alias in node.names
        ]
        found[file] = {name.split(".")[0] for name in names}
        modules = [module_file(name) or module_file(name.rpartition(".")[0]) for name in names]
        todo += [module for module in modules if module and module not in found]
    return set().union(*found.values())


def tops(file):
    """The statements at the top of a file; of a script those of its job."""
    body = ast.parse(file.read_text()).body
    return [inner for node in body for inner in ([*node.body] if isinstance(node, ast.With) else [node])]


SLOW = {"torch", "torchvision", "torch_fidelity", "scipy", "sklearn", "pandas", "matplotlib"}  # seconds each
SHOWS = ("table", "figure", "numbers", "paper", "survey", "measured", "trace")
MEASURES = ("measure_samples", "measure_reference")


@pytest.mark.parametrize("script", sorted(file.stem for file in SCRIPTS.glob("*.py") if file.stem != "job"))
def test_a_job_imports_nothing_slow_that_it_does_not_use(script):
    uses = {} if script in SHOWS else {"usage": {"pandas"}, "compare_measured": {"pandas"}}.get(script, {"torch"})
    assert loaded(f"{script}.py") & SLOW <= {*uses, *({"torch_fidelity"} if script in MEASURES else ())}


def test_topics_of_reporting_and_what_starts_a_run_import_nothing_slow():
    modules = [f"reporting.topics.{file.stem}" for file in (PACKAGE / "reporting/topics").glob("[a-z]*.py")]
    modules += ["reporting.numbers", "reporting.captions", "config.experiments", "run.watch", "run.digests", "run.job"]
    assert not SLOW & imported(f"import {', '.join(f'energyguide.{module}' for module in modules)}")


def test_a_training_does_not_import_the_compiler():
    step = "([torch.nn.Parameter(torch.ones(1))], lr=1, fused=True).step()"
    found = imported(f"import torch; from energyguide.training.loop import AdamW, SGD; SGD{step}; AdamW{step}")
    assert "torch" in found and not {"torch._dynamo", "sympy", "pandas", "scipy"} & found


def imported(code):
    """The modules that a new process has imported after some code."""
    code = f"{code}; import sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return {*run.stdout.split()}


CORE = ["Snakefile", "workflow/rules/*.smk", "workflow/energyguide/config/*.py", "workflow/energyguide/reporting/*.py"]
CORE += [f"workflow/scripts/{name}.py" for name in ("table", "figure", "numbers", "paper", "sample", "measure_samples")]
NAMED = {"model.py", "validation.py", "variants.py"}  # the list of systems; renamed keys; guidance functions of the same name


def test_the_core_names_no_system():
    words = re.compile(r"\b(" + "|".join(SYSTEMS) + r")\b")
    files = [file for pattern in CORE for file in ROOT.glob(pattern) if file.name not in NAMED]
    assert {(file.name, word) for file in files for word in words.findall(re.sub("#.*", "", file.read_text()))} == set()


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_has_its_name_in_five_places(system):
    assert system in Experiment.model_fields and f"\n  {system}:" in (ROOT / "config.yaml").read_text()
    for place in ("config/systems/{}.py", "reporting/topics/{}.py", "../rules/systems/{}.smk", "../../paper/sections/{}.tex"):
        assert (PACKAGE / place.format(system)).is_file()
