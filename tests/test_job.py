"""What every script runs in: modules that a rule does not know of are refused, and records are written."""

import os
import signal
import sys
from importlib import import_module
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Log, OutputFiles, Params, ResourceList, Wildcards

import energyguide.files
import energyguide.run
import energyguide.studies
from energyguide.files import records
from energyguide.files.arrays import save_arrays
from energyguide.files.atomic import read_json, sha256, write_json
from energyguide.run.digests import code, named
from energyguide.run.imports import Imports, only_warn
from energyguide.run.job import INTERRUPTED, job

MADE_UP = "made_up_for_tests"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A function that puts a module into a room of the package, and returns its name; it is forgotten in the end."""
    made = []

    def make(room):
        folder = tmp_path / "modules" / room.__name__
        folder.mkdir(parents=True)
        (folder / f"{MADE_UP}.py").write_text("VALUE = 3\n")
        monkeypatch.setattr(room, "__path__", [*room.__path__, str(folder)])
        made.append((room, f"{room.__name__}.{MADE_UP}"))
        return made[-1][1]

    yield make
    for room, name in made:
        sys.modules.pop(name, None)
        vars(room).pop(MADE_UP, None)


@pytest.fixture
def snakemake(tmp_path, monkeypatch):
    """What Snakemake gives a script, in a folder of its own: a rule that makes a JSON, with these params."""
    monkeypatch.chdir(tmp_path)
    write_json("results/t/data.json", [1])

    def build(output=("results/t/metrics/a.json",), resources=(), **params):
        return SimpleNamespace(
            rule="metrics",
            wildcards=Wildcards(fromdict={"variant": "a"}),
            params=Params(fromdict={"resume": "results/t/.resume", **params}),
            input=["results/t/data.json"],
            output=OutputFiles(list(output)),
            resources=ResourceList(fromdict={"runtime": 5, **dict(resources)}),
            config={"site": {"grace": 60, "scratch": None, "save_every": 60}},
            log=Log(["metrics.log"]),
        )

    return build


def imported(snakemake, name, before=lambda work: None):
    """The log of a job that imports a module, and writes its result."""
    with job(snakemake) as work:
        before(work)
        write_json("results/t/metrics/a.json", import_module(name).VALUE)


def told(log):
    return log.with_suffix(".attempts").read_text()


def test_a_science_module_that_the_rule_does_not_know_is_refused_before_the_work(module, snakemake, tmp_path):
    name = module(energyguide.studies)
    with pytest.raises(SystemExit) as left:
        imported(snakemake(), name)
    assert left.value.code == 1 and name not in sys.modules and not (tmp_path / "results/t/metrics/a.json").exists()
    said = f"metrics: {name} is not among the params of rule metrics, so an edit of it would not run the job again; give"
    assert said in told(tmp_path / "metrics.log") and "Traceback" not in told(tmp_path / "metrics.log")
    assert not any(isinstance(finder, Imports) for finder in sys.meta_path)


@pytest.mark.parametrize("given", [{"named": [f"studies/{MADE_UP} 0123456789ab"]}, {"code_x": f"studies/{MADE_UP} 0123456789ab"}])
def test_one_that_the_rule_knows_is_not_whether_by_name_or_among_the_code(module, snakemake, tmp_path, given):
    imported(snakemake(title=" ", note="", **given), module(energyguide.studies))
    assert read_json("results/t/metrics/a.json") == 3 and "warning" not in told(tmp_path / "metrics.log")


@pytest.mark.parametrize("begin", [only_warn, None])
def test_after_the_work_has_begun_it_is_only_warned_of(module, snakemake, tmp_path, begin):
    """As where an attempt of what can be resumed has begun: hours of work are not lost for it."""
    name, given = module(energyguide.studies), snakemake()

    def attempt(work):
        with work.store().attempt() as state:
            assert state is None

    imported(given, name, attempt if begin is None else lambda work: begin())
    assert read_json("results/t/metrics/a.json") == 3
    assert f"warning: {name} is not among the params of rule metrics" in told(tmp_path / "metrics.log")


@pytest.mark.parametrize("room", [energyguide.files, energyguide.run], ids=lambda room: room.__name__)
def test_modules_that_carry_files_and_jobs_are_never_refused(module, snakemake, tmp_path, room):
    imported(snakemake(), module(room))
    assert read_json("results/t/metrics/a.json") == 3 and "warning" not in told(tmp_path / "metrics.log")


@pytest.mark.parametrize("given", [{"output": ()}, {"code": "reporting/topics/guidance 0123456789ab"}])
def test_rules_without_outputs_or_with_parts_of_modules_are_not_held_to_it(module, snakemake, given):
    imported(snakemake(**given), module(energyguide.studies))
    assert read_json("results/t/metrics/a.json") == 3


def test_packages_and_modules_of_others_are_left_alone():
    guard = Imports("metrics", [])
    for name in (
        "energyguide",
        "energyguide.studies",
        "energyguide.diffusion.guidance",
        "torch.nn",
        "json",
        "energyguidelines.x",
    ):
        assert guard.find_spec(name) is None
    with pytest.raises(ValueError, match="energyguide.nets.unet is not among"):
        guard.find_spec("energyguide.nets.unet")


def test_the_digests_of_a_rule_are_what_the_guard_knows():
    guard = Imports("vdm", [*code("train_vdm.py").values(), named("nets/vdm"), 3, None, {"lr": 1}])
    assert {"nets/vdm", "nets/unet", "training/loop", "training/vdm", "scripts/train_vdm"} <= guard.known and not guard.partial


def test_a_job_writes_one_record_a_result_with_the_checksum_of_its_sidecar(snakemake, tmp_path):
    given = snakemake(output=["results/t/a.npz", "results/t/a.npz.json", "results/t/b.json"], lr=0.1)
    with job(given):
        save_arrays(given.output[0], {}, note="x")
        write_json(given.output[2], 1)
    made = {path: records.read(path) for path in given.output}
    assert made["results/t/a.npz.json"] is None
    assert made["results/t/a.npz"]["sha256"] == sha256("results/t/a.npz")
    assert made["results/t/a.npz"]["sidecar_sha256"] == sha256("results/t/a.npz.json")
    assert "sidecar_sha256" not in made["results/t/b.json"] and "provenance" not in read_json("results/t/a.npz.json")
    for record in (made["results/t/a.npz"], made["results/t/b.json"]):
        assert record["rule"] == "metrics" and record["wildcards"] == {"variant": "a"} and record["params"]["lr"] == 0.1
        assert record["inputs"] == {"results/t/data.json": sha256("results/t/data.json")}
        assert record["attempts"] == 1 and record["seconds"] > 0 and record["cpu_seconds"] > 0 == record["device_seconds"]
        assert {"python", "packages", "cpus", "commit", "dirty", "lock", "configuration"} <= record.keys()
    assert records.holds(given.output)
    write_json(given.output[1], {"sha256": sha256("results/t/a.npz"), "note": "y"})
    assert not records.holds(given.output)
    with pytest.raises(
        ValueError, match=r"a.npz.json is damaged: its checksum is not the one in results/t/provenance/a.npz.json"
    ):
        records.checked(given.output)


def test_results_that_another_process_made_meanwhile_are_taken(snakemake, tmp_path):
    """Snakemake removes the outputs of a job before it starts it: those that are there now, another one made."""
    given = snakemake()
    with job(given):
        write_json(given.output[0], 1)
    with job(given) as work:
        work.store()
        pytest.fail("there was nothing to do")
    assert "\nmade meanwhile: " in told(tmp_path / "metrics.log") and read_json(given.output[0]) == 1


def test_an_interrupted_job_says_so_by_its_status_and_goes_on_from_its_state(snakemake, tmp_path):
    given, stores, found = snakemake(seed=3), [], []

    def run():
        with job(given) as work:
            stores.append(work.store())
            with stores[-1].attempt() as state:
                found.append(state)
                if not state:
                    os.kill(os.getpid(), signal.SIGTERM)
                stores[-1].offer(lambda: {"step": 1})
            write_json(given.output[0], state)

    with pytest.raises(SystemExit) as left:
        run()
    assert left.value.code == INTERRUPTED and not records.holds(given.output)
    assert "\nmetrics: stopped by a signal; the state is saved in results/t/.resume/metrics-a/" in told(tmp_path / "metrics.log")
    stores[0].lock.release()  # as the end of its process would
    run()
    made = records.read(given.output[0])
    assert found == [None, {"step": 1}] and made["attempts"] == 2
    earlier = read_json(stores[1].times)["1"]
    assert made["seconds"] > 2 * earlier["seconds"] > 0 and made["cpu_seconds"] >= 2 * earlier["cpu_seconds"] > 0


@pytest.mark.parametrize("scratch", [None, "scratch"])
def test_jobs_on_a_gpu_share_what_is_compiled(snakemake, tmp_path, monkeypatch, scratch):
    monkeypatch.setattr("energyguide.run.job.take_gpu", lambda: None)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")  # and in the end it is again as it was before
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    for resources, expected in (({}, None), ({"gpu": 1}, str(tmp_path / (scratch or "") / "results/t/.resume/compiled"))):
        running = snakemake(resources=resources)
        running.config["site"]["scratch"] = scratch
        with job(running):
            write_json(running.output[0], [1])
            assert os.environ.get("TORCHINDUCTOR_CACHE_DIR") == expected
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "elsewhere")
    with job(snakemake(resources={"gpu": 1})):
        write_json("results/t/metrics/a.json", [1])
        assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == "elsewhere"
