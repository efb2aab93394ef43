"""The shape of the house: who imports whom, and what each rule depends on."""

import subprocess
import sys
from pathlib import Path

import pytest

from energyguide.closure import closure, imports

WORKFLOW = Path(__file__).parents[1] / "workflow"
PACKAGE = WORKFLOW / "energyguide"
ROOTS = (WORKFLOW, WORKFLOW / "scripts")

FLOORS = [
    {"schedule", "storage", "seeding", "config", "closure", "slots", "slurm", "joblogs", "clocks", "reasons"},
    {"data", "nets", "checkpoints", "mixture", "modes", "device", "memory", "records", "runlock"},
    {"energy", "attacks", "corruptions", "likelihood", "provenance"},
    {"samplers", "robustness", "synthesis", "guidance", "gradients"},
    {"training", "metrics", "sampling", "trajectory", "densities"},
    {"reporting", "cost"},
]


def room(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def files_of(script):
    return {str(file.relative_to(WORKFLOW)) for file in closure(WORKFLOW / "scripts" / script, ROOTS)}


def test_rooms_import_only_from_floors_below_or_their_own_room():
    """Guidance stands on the samplers' hooks; apart from that no floor knows itself."""
    floor = {name: level for level, names in enumerate(FLOORS) for name in names}
    for file in PACKAGE.rglob("*.py"):
        for used in imports(file, ROOTS):
            here, there = room(file), room(used)
            if there != "__init__" and here != "__init__" and (here, there) != ("guidance", "samplers"):
                assert here == there or floor[there] < floor[here], f"{here} imports {there}"


def test_closure_follows_imports_inside_functions_and_packages():
    files = files_of("sample.py")
    assert {"energyguide/nets/unet.py", "energyguide/nets/resnet.py", "energyguide/samplers.py", "scripts/job.py"} <= files
    assert not any("reporting" in file or "metrics" in file for file in files)


@pytest.mark.parametrize(
    ("script", "needs", "does_without"),
    [
        ("train_diffusion.py", "energyguide/nets/unet.py", "energyguide/nets/resnet.py"),
        ("train_classifier.py", "energyguide/nets/resnet.py", "energyguide/nets/unet.py"),
        ("train_classifier.py", "energyguide/attacks.py", "energyguide/guidance.py"),
        ("train_time_classifier.py", "energyguide/nets/unet.py", "energyguide/nets/resnet.py"),
        ("train_variational.py", "energyguide/likelihood.py", "energyguide/training/diffusion.py"),
        ("train_diffusion.py", "energyguide/training/diffusion.py", "energyguide/nets/vdm.py"),
        ("train_adversarial.py", "energyguide/nets/unet.py", "energyguide/training/diffusion.py"),
        ("figure.py", "energyguide/reporting/style.py", "energyguide/reporting/tables.py"),
        ("paper.py", "energyguide/reporting/typeset.py", "energyguide/reporting/figures.py"),
    ],
)
def test_a_rule_depends_on_what_it_uses(script, needs, does_without):
    files = files_of(script)
    assert needs in files and does_without not in files


def test_tables_figures_and_paper_never_import_torch():
    modules = "tables, figures, numbers, typeset, runs"
    code = f"import sys; from energyguide.reporting import {modules}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=WORKFLOW)
