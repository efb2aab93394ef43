"""The DAG, end to end, on a copy of the project: built once, thin; then what reruns when, and what survives a kill."""

import base64
import contextlib
import csv
import hashlib
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from project import SNAKEMAKE, TEX, TINY, checksums, copy, duplicate, planned, snakemake, workers

from energyguide.joblogs import kept
from energyguide.storage import sha256


@pytest.fixture
def edited(built):
    """Edits files of the built copy, and puts them back."""
    before = {}

    def edit(name, change):
        path = built / name
        before[path] = (path.read_text(), path.stat().st_mtime_ns)
        text = change(before[path][0])
        assert text != before[path][0]
        path.write_text(text)
        return built

    yield edit
    for path, (text, mtime) in before.items():
        path.write_text(text)
        os.utime(path, ns=(mtime, mtime))


def test_everything_is_built(built):
    results = built / "results/tiny"
    for folder, suffixes in (("tables", {".csv", ".tex"}), ("figures", {".pdf", ".png"})):
        files = list((results / folder).iterdir())
        assert len(files) >= 12 and all(f.stat().st_size > 100 for f in files if f.suffix in suffixes)
    assert (results / "paper.pdf").exists() or not TEX
    assert not (results / ".resume").exists() or not any((results / ".resume").iterdir())


def test_a_second_run_does_nothing(built):
    assert planned(built, "all" if TEX else "parts") == {}


def test_results_made_elsewhere_are_taken_as_they_are_or_refused(built, tmp_path):
    tree = duplicate(built, tmp_path)
    shutil.rmtree(tree / ".snakemake")
    assert planned(tree, "parts") == {}
    config = tree / "tests/tiny.yaml"
    config.write_text(config.read_text().replace("eps_test: [0, 0.5]", "eps_test: [0, 1]"))
    run = snakemake(tree, "parts", "-n", check=False)
    assert run.returncode == 1
    assert "made elsewhere, with other params (robustness.eps_test is [0, 0.5] there, [0, 1] here); move" in run.stderr


def test_the_report_has_every_table_and_figure_where_the_paper_has_it(built, tmp_path, monkeypatch):
    """Made without network; with the sections, numbers and captions that LaTeX wrote into its own lists."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    snakemake(built, "all" if TEX else "parts", "--report", str(tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text()
    shown = [re.search(rf'id="{name}">\s*var {name} = (.*);\n', page)[1] for name in ("results", "categories")]
    results, sections = map(json.loads, shown)
    rules = re.findall(r"^(table|figure)_(\w+)", snakemake(built, "--list-target-rules").stdout, re.MULTILINE)
    files = [f"results/tiny/{kind}s/{name}.{'html' if kind == 'table' else 'png'}" for kind, name in rules]
    assert sorted(results) == sorted(files + ["results/tiny/paper.pdf"] * bool(TEX))
    captions = {}
    for path, result in results.items():
        assert result["data_uri"].endswith(base64.b64encode((built / path).read_bytes()).decode())
        assert result["caption"] and not re.search(r"[\\${}~]", result["caption"])
        number, _, title = result["labels"]["In the paper"].rpartition(": ")
        assert title[0].isupper()
        captions[" ".join(number.split())] = html.unescape(result["caption"])
    if TEX:
        lists = (built / "results/tiny/paper/main.aux").read_text()
        entries = re.findall(r"\{(section|table|figure)\}\{\\numberline \{(\w+)\}(?:\{\\ignorespaces )?([\w ,:-]+)", lists)
        assert sections.keys() <= {"The paper", *(f"{number} {words}" for kind, number, words in entries if kind == "section")}
        numbered = {f"{kind.capitalize()} {number}": words for kind, number, words in entries if kind != "section"}
        del captions[""], numbered["Table 1"]  # the longtable and the PDF have no number; Table 1 is written by hand
        assert captions.keys() == numbered.keys()
        assert all(captions[number].startswith(words) for number, words in numbered.items())


def test_measured_gathers_what_was_measured(built):
    snakemake(built, "measured")
    results = built / "results/tiny"
    found = json.loads((results / "measured.json").read_text())
    assert found["command"] == "snakemake measured --config experiment=tiny"
    assert found["configuration"]["classifiers"]["eps_train"] == [0, 0.5] == [part["eps_train"] for part in found["robustness"]]
    for part, name in zip(found["robustness"], ("eps0", "eps0.5"), strict=True):
        assert part["accuracy"] == json.loads((results / f"robustness/{name}.json").read_text())["accuracy"]
        assert part["protocol"]["n"] == 359 and part["history"]["images_seen"] == 960 and part["provenance"]["packages"]
    assert found["samples"].keys() == {path.name for path in (results / "metrics").iterdir()}
    assert found["samples"]["classifier-robust-0.5"]["scales"].keys() == {"1", "4", "16", "1e+30"}


def test_a_scale_that_diverges_is_reported_as_such_and_stops_nothing(built):
    """In the sidecars, the measurements and the tables; its images are black; the scale beside it in the same jobs is whole."""
    results, name = built / "results/tiny", "classifier-robust-0.5"
    for shard in range(2):
        path = results / f"samples/{name}/16_1e+30/{shard}.npz"
        info, images = json.loads(Path(f"{path}.json").read_text()), np.load(path)
        assert info["diverged"]["1e+30"].keys() == {"count", "of", "step"} and info["seconds_per_image"].keys() == {"16"}
        assert images["1e+30"].shape == images["16"].shape and not images["1e+30"].any() and images["16"].any()
        said = (results / f"logs/sample/{name}/16_1e+30/{shard}.log").read_text()
        assert said.count(f"\n{name} diverged at scale 1e+30: 20 of 20 samples ceased to be finite, the first with ") == 1
    found = json.loads((results / f"metrics/{name}/16_1e+30.json").read_text())["scales"]
    assert found["1e+30"].keys() == {"diverged"} and found["1e+30"]["diverged"]["of"] == 40 and found["16"]["fid"]
    with open(results / "tables/scales.csv", newline="") as file:
        fids = {row["scale"]: row["fid"] for row in csv.DictReader(file) if row["variant"] == name}
    assert [scale for scale, fid in fids.items() if fid == "diverged"] == ["1e+30"]
    for kind in ("tex", "html"):
        assert (results / f"tables/scales.{kind}").read_text().count("diverged") == 7
    assert "diverged" not in (results / "tables/summary.csv").read_text() + (results / "numbers.tex").read_text()


def test_every_target_has_a_docstring(built):
    listing = snakemake(built, "--list-target-rules").stdout.strip().split("\n")
    assert sum(line.startswith(("table_", "figure_")) for line in listing) == 38
    assert all(re.fullmatch(r"\w+ \(.+\.\)", line) for line in listing if not line.startswith("Using"))


UNET, FIGURES, MAIN = "workflow/energyguide/nets/unet.py", "workflow/energyguide/reporting/figures.py", "paper/main.tex"


def remark(text):
    return text + "\n# a remark\n"


def test_editing_the_unet_retrains_what_is_built_on_it_and_no_classifier_of_images(edited):
    rules = planned(edited(UNET, remark), "parts")
    trained = ("diffusion", "diffusion_followed", "variational", "adversarial", "points", "stacked", "time_classifier", "sample")
    assert [rules[name] for name in trained] == [2, 1, 1, 2, 1, 1, 3, 34]
    assert not {"classifier", "robustness", "energy", "data"} & rules.keys()


def test_editing_a_plotting_function_redraws_and_rebuilds_the_paper_only(edited):
    rules = planned(edited(FIGURES, remark), "all")
    assert rules.keys() == {"all", "pdf", *(rule for rule in rules if rule.startswith("figure_"))} and len(rules) == 24


def test_editing_a_guidance_function_resamples_and_retrains_nothing(edited):
    rules = planned(edited("workflow/energyguide/guidance.py", remark), "parts")
    assert "sample" in rules and not {"diffusion", "adversarial", "points", "stacked", "classifier"} & rules.keys()


def test_editing_the_text_rebuilds_the_paper_alone(edited):
    tree = edited("paper/sections/conclusion.tex", lambda text: text.replace("turns", "makes"))
    assert planned(tree, "all").keys() == {"all", "pdf"}


def test_an_unrelated_key_reruns_nothing(edited):
    tree = edited(
        "config.yaml", lambda text: text.replace('title: "CIFAR-10"', 'title: "Other"').replace("shards: 20", "shards: 10")
    )
    assert planned(tree, "parts") == {}


def test_a_key_reruns_only_what_uses_it(edited):
    tree = edited("tests/tiny.yaml", lambda text: text.replace("eps_test: [0, 0.5]", "eps_test: [0, 1]"))
    assert planned(tree, "all").keys() == {"all", "robustness", "table_robustness", "table_provenance", "numbers", "pdf"}


def test_one_more_scale_is_the_only_one_sampled(edited):
    tree = edited("tests/tiny.yaml", lambda text: text.replace("16, 1.0e+30]", "16, 1.0e+30, 32]"))
    rules = planned(tree, "measurements")
    assert rules["sample"] == 2 and rules["metrics"] == 1  # a piece of its own, in two shards


def test_a_label_redraws_and_resamples_nothing(edited):
    tree = edited("config.yaml", lambda text: text.replace('"Class-conditional DDPM"', '"Conditional"'))
    assert "figure_samples" in (rules := planned(tree, "parts")) and not {"sample", "metrics", "trajectories"} & rules.keys()


def test_a_deleted_table_is_remade_alone(built):
    for suffix in (".csv", ".tex"):
        (built / f"results/tiny/tables/energy{suffix}").unlink()
    assert {"table_energy"} <= planned(built, "all").keys() <= {"all", "table_energy", "pdf"}
    assert planned(built, "table_energy").keys() == {"table_energy"}
    snakemake(built, "table_energy")
    assert (built / "results/tiny/tables/energy.csv").exists()


def test_answers_to_the_survey_become_a_table_and_a_bad_one_is_named(built):
    """Answers are no part of the results: they lie beside them, and the paper is complete without."""
    snakemake(built, "survey")
    survey = json.loads((built / "results/tiny/survey.json").read_text())
    robust, vanilla = survey["systems"]
    folder = built / "answers/tiny"
    folder.mkdir(parents=True)
    lines = [f"{survey['id']},anna,{pair},{robust},{vanilla},left" for pair in range(15)]
    try:
        (folder / "anna.csv").write_text("\n".join(["survey,rater,pair,left,right,answer", *lines]))
        snakemake(built, "table_preferences", "results/tiny/numbers.tex")
        assert "0.5,time-robust,100.0," in (built / "results/tiny/tables/preferences.csv").read_text()
        assert "Raters: 1, answers: 15, on 15 pairs" in (built / "results/tiny/numbers.tex").read_text()
        (folder / "berta.csv").write_text("\n".join(["survey,rater,pair,left,right,answer", lines[0].replace(",left", ",up")]))
        run = snakemake(built, "table_preferences", check=False)
        assert run.returncode and "answers/tiny/berta.csv, line 2: " in run.stdout + run.stderr
    finally:
        shutil.rmtree(folder)
    assert planned(built, "parts").keys() == {"parts", "numbers"}


def test_what_was_cut_off_is_named_and_not_used(built, tmp_path):
    """As a loss of power may leave files: weights, samples and a measurement."""
    tree = duplicate(built, tmp_path)
    cut = {"diffusion/joint.safetensors": 1000, "samples/time-vanilla/4/0.npz": 0, "metrics/ddpm/0.json": 300}
    for name, size in cut.items():
        path = tree / "results/tiny" / name
        before = path.stat().st_mtime_ns
        os.truncate(path, size)
        os.utime(path, ns=(before, before))  # so that nothing but its content tells
    readers = ["table_networks", "survey", "table_summary"]
    run = snakemake(tree, *readers, "--keep-going", "--forcerun", *readers, check=False)
    assert run.returncode == 1
    for name in cut:
        assert f"results/tiny/{name} is damaged: its checksum is not the one in results/tiny/provenance/{name}.json" in run.stderr
    for name in list(cut)[1:]:
        (tree / "results/tiny" / name).unlink()
    snakemake(tree, "survey", "table_summary")
    assert checksums(tree / "results/tiny/samples") == checksums(built / "results/tiny/samples")


def test_the_way_back_from_a_table_and_from_a_number(built):
    shown = snakemake(built, "provenance", "--config", "of=results/tiny/tables/robustness.csv").stdout
    steps = [re.escape(f"results/tiny/{name}") for name in ("tables/robustness.csv", "robustness/eps0.json", "data/dataset.npz")]
    assert re.match(r"{}  \w{{12}}  by table_robustness .*\n  {}  .*\n    {}  .*".format(*steps), shown)
    shown = snakemake(built, "provenance", "--config", "of=nTrain").stdout
    assert "\\newcommand{\\nTrain}{" in shown and "\nresults/tiny/numbers.tex  " in shown


def test_one_table_needs_no_more_than_it_uses(built):
    assert planned(built, "table_robustness", "--forceall").keys() == {"data", "classifier", "robustness", "table_robustness"}


def test_a_new_variant_needs_one_function_and_one_block(edited):
    edited("workflow/energyguide/guidance.py", lambda text: text + NEW_GUIDANCE)
    tree = edited("tests/tiny.yaml", lambda text: text.replace("    variants:\n", "    variants:\n" + NEW_BLOCK))
    only_what_is_missing = ["--rerun-triggers", "params"]  # the edit would draw all variants again
    snakemake(tree, "table_scales", "figure_samples", *only_what_is_missing)
    assert "tempered,4.0" in (tree / "results/tiny/tables/scales.csv").read_text()


NEW_GUIDANCE = '''

@guidance
def tempered(spec, scale, models):
    """Ascend F(x)[y] - logsumexp F(x) / 2."""
    return descend(lambda logits, y: joint_energy(logits, y) + 0.5 * logits.logsumexp(1), spec, scale, models)
'''
NEW_BLOCK = """\
      tempered:
        {label: "Tempered", guidance: tempered, model: unconditional, classifier: eps0.5, unit: sigma, scales: [4]}
"""


def test_released_weights_take_the_place_of_a_training(built, tmp_path):
    tree = duplicate(built, tmp_path / "tree")
    made, file = tree / "results/tiny/classifiers/eps0.5.safetensors", tree / "released.safetensors"
    shutil.copy(made, file)
    before, release = sha256(made), {"file": file.name, "sha256": sha256(file), "format": "plain"}
    config = yaml.safe_load((tree / "tests/tiny.yaml").read_text())
    config["experiments"]["tiny"]["weights"] = {"eps0.5": release}
    (tree / "tests/tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    rules = planned(tree, "all")
    assert rules["released"] == 1 and not {"classifier", "diffusion", "time_classifier"} & rules.keys()
    snakemake(tree, "table_networks")
    assert sha256(made) == before and not {"sample", "robustness"} & planned(tree, "all").keys()
    with open(tree / "results/tiny/tables/networks.csv", newline="") as table:
        rows = {row["network"]: row for row in csv.DictReader(table)}
    assert [name for name, row in rows.items() if row["released_sha256"] == release["sha256"]] == ["eps0.5"]
    assert not rows["eps0.5"]["images_seen"] and rows["eps0"]["images_seen"]
    config["experiments"]["tiny"]["weights"]["eps0.5"]["sha256"] = "0" * 64
    (tree / "tests/tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    run = snakemake(tree, "results/tiny/classifiers/eps0.5.safetensors", check=False)
    assert run.returncode and "released: released.safetensors has the sha256" in run.stdout + run.stderr


def test_shards_do_not_change_a_pixel(built, tmp_path):
    """The same samples in one shard and one scale a job as in two shards and two scales."""
    config = yaml.safe_load((built / "tests/tiny.yaml").read_text())
    config["experiments"]["tiny"]["sampling"] |= {"shards": 4, "scales_per_job": 1}
    (tmp_path / "resharded.yaml").write_text(yaml.safe_dump(config))
    tree = copy(tmp_path / "tree")
    shutil.copytree(built / "results", tree / "results")
    shutil.copytree(built / ".snakemake", tree / ".snakemake")
    targets = [f"results/tiny/samples/joint-energy/0.8/{k}.npz" for k in range(4)]
    snakemake(tree, *targets, "--allowed-rules", "sample", config=["--configfile", str(tmp_path / "resharded.yaml")])
    found = np.concatenate([np.load(tree / target)["0.8"] for target in targets])
    expected = np.concatenate([np.load(built / f"results/tiny/samples/joint-energy/0.4_0.8/{k}.npz")["0.8"] for k in range(2)])
    assert np.array_equal(found, expected)


def start(tree, *targets):
    return subprocess.Popen([SNAKEMAKE, *targets, *TINY], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def worker(tree, script, run):
    """The number of the process that runs a script in `tree`, once it has noted its attempt; None if it ended before."""
    while run.poll() is None:  # a short job may be over before it is seen
        if any(tree.glob("results/tiny/.resume/*/*/attempts.log")):
            for pid in workers(tree, script):
                return pid
        time.sleep(0.01)
    return None


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker through /proc, which this system has not")
@pytest.mark.parametrize(
    ("target", "script", "number"),
    [
        ("diffusion/joint.safetensors", "train_diffusion", signal.SIGTERM),
        ("classifiers/eps0.5.safetensors", "train_classifier", signal.SIGTERM),
        ("classifiers/eps0.safetensors", "train_classifier", signal.SIGKILL),
        ("samples/joint-energy/0.4_0.8/0.npz", "sample", signal.SIGKILL),
    ],
)
def test_a_killed_job_ends_in_the_same_bits(built, tmp_path, target, script, number):
    tree = copy(tmp_path)
    path = tree / "results/tiny" / target
    shutil.copytree(built / "results", tree / "results")
    shutil.copytree(built / ".snakemake", tree / ".snakemake")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    for _ in range(10):
        path.unlink()
        run = start(tree, str(path.relative_to(tree)))
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(worker(tree, script, run), number)
        output, _ = run.communicate()
        if run.returncode:
            break
    assert run.returncode and not path.exists()
    if number == signal.SIGTERM:
        assert "run the same command to go on" in output
    snakemake(tree, str(path.relative_to(tree)))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_a_run_beside_another_on_the_same_results_is_refused_and_one_that_makes_nothing_is_not(tmp_path):
    """As where two checkouts share them; Snakemake's own lock is of a checkout. The lock goes with the process that held it."""
    tree = copy(tmp_path)
    claim = "from energyguide import runlock; runlock.claim('results/tiny'); print(flush=True); input()"
    environment = {**os.environ, "PYTHONPATH": "workflow"}
    with subprocess.Popen(
        [sys.executable, "-c", claim], cwd=tree, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        run = snakemake(tree, "data", check=False)
        assert run.returncode and f"results/tiny: another run is at work there, process {other.pid} on " in run.stderr
        assert not (tree / "results/tiny/data").exists()
        snakemake(tree, "usage")
        other.kill()
    snakemake(tree, "data")


def test_bad_configuration_is_one_line_before_any_job(tmp_path):
    tree = copy(tmp_path)
    run = snakemake(tree, "--config", "experiment=nothing", check=False, config=[])
    lines = [line for line in (run.stdout + run.stderr).strip().split("\n") if "experiment" in line]
    assert run.returncode and len(lines) == 1 and "'nothing' is not one of" in lines[0]
    assert "Traceback" not in run.stdout + run.stderr


def test_a_failed_job_says_what_is_wrong_in_one_line_at_the_end_of_its_log(tmp_path):
    tree = copy(tmp_path)
    config = yaml.safe_load((tree / "tests/tiny.yaml").read_text())
    config["experiments"]["tiny"]["data"] |= {"source": "imagefolder", "path": "nowhere"}
    (tree / "tests/tiny.yaml").write_text(yaml.safe_dump(config))
    run = snakemake(tree, "data", check=False)
    last = (tree / "results/tiny/logs/data.log").read_text().strip().split("\n")[-1]
    assert run.returncode and last.startswith("data: nowhere/train is missing") and "Traceback" not in last


def test_a_run_that_failed_ends_with_who_and_why_and_does_the_rest(tmp_path):
    """Three jobs: one fails, one is killed, one is finished. None of the older logs is taken for theirs."""
    tree = copy(tmp_path)
    logs = tree / "results/tiny/logs"
    logs.mkdir(parents=True)
    for name in ("densities", "reference"):
        kept(logs / f"{name}.log").write_text(
            f"2026-11-21 12:31:18 on node7: {name}\nfailed: 1.0 s, 9 MB, 0 GPUs\n{name}: of old\n"
        )
    for script, crime in (
        ("prepare_data", "raise ValueError('no images')"),
        ("guided_densities", "import os; os.kill(os.getpid(), 9)"),
    ):
        path = tree / f"workflow/scripts/{script}.py"
        path.write_text(path.read_text().replace("with job(snakemake):\n", f"with job(snakemake):\n    {crime}\n"))
    drawn = "results/tiny/figures/schedulers.pdf"
    run = snakemake(tree, "data", "results/tiny/densities.npz", drawn, "--keep-going", "--retries", "1", check=False)
    told = run.stderr.partition("\n2 jobs did not finish:\n")[2].partition("Complete log(s)")[0]
    *lines, advice = [line.strip() for line in told.split("\n") if line]
    reasons = dict(zip(lines[1::2], lines[::2], strict=True))
    assert run.returncode and (tree / drawn).exists() and advice.startswith("Mend the reason")
    assert reasons.keys() == {"results/tiny/logs/data.log", "results/tiny/logs/densities.log"}
    assert reasons["results/tiny/logs/data.log"] == "data: no images"
    assert reasons["results/tiny/logs/densities.log"].startswith("densities: killed before it could say why")
    assert (logs / "data.log").read_text().count("\ndata: no images\n") == 2  # both attempts
    assert (logs / "densities.log").read_text().startswith("2026-11-21 12:31:18 on node7")


def test_usage_adds_up_what_all_jobs_used_and_makes_nothing_else_run(built):
    before = planned(built, "parts")
    run = snakemake(built, "usage")
    header, *lines, _, total = run.stdout.partition("\n\ntime, memory")[0].split("\n")
    rows = {line.split()[0]: [float(cell) for cell in line.split()[1:5]] for line in lines}
    logs = (built / "results/tiny/logs").rglob("*.attempts")
    rules = Counter(re.findall(r"^\S+ \S+ on \S+: (\w+)", log.read_text(), re.MULTILINE)[-1] for log in logs)
    del rules["usage"]
    assert header.split()[:4] == ["rule", "jobs", "attempts", "hours"]
    assert {rule: row[0] for rule, row in rows.items()} == rules and rules["sample"] >= 28
    sums = [sum(column) for column in zip(*rows.values(), strict=True)]
    assert [float(cell) for cell in total.split()[1:]] == pytest.approx(sums, abs=0.0005 * len(rows)) and sums[2] > 0
    with open(built / "results/tiny/usage.csv", newline="") as file:
        csv_rows = list(csv.DictReader(file))
    assert {row["rule"]: float(row["jobs"]) for row in csv_rows} == rules
    assert 0 < max(float(row["memory_used"] or 0) for row in csv_rows) < 1
    assert planned(built, "parts") == before


@pytest.mark.skipif(not TEX, reason="needs latexmk; `make tex` installs it")
def test_an_undefined_number_fails_the_paper(edited):
    tree = edited("paper/sections/conclusion.tex", lambda text: text + "\n\\notMeasured{}\n")
    run = snakemake(tree, "pdf", check=False)
    log = (tree / "results/tiny/logs/paper.log").read_text()
    assert run.returncode and "Undefined control sequence" in log and "notMeasured" in log


def test_the_full_experiment_is_planned_in_seconds(built):
    rules = planned(built, "all", "--config", "experiment=cifar10", config=[])
    assert rules["sample"] >= 20 * 39 and (rules["diffusion"], rules["classifier"], rules["time_classifier"]) == (2, 5, 16)


def test_sidecars_tell_what_made_a_file(built):
    info = json.loads((built / "results/tiny/diffusion/joint.safetensors.json").read_text())
    assert info["history"]["images_seen"] == 30 * 32 and info["p_uncond"] == 0.1 and info["provenance"]["packages"]["torch"]
    losses = [loss for _, loss in info["history"]["losses"]]
    assert losses[-1] < losses[0]
