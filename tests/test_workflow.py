"""The DAG, end to end, on a copy of the project that was built once, thin."""

import base64
import csv
import html
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from project import ROOT, TEX, duplicate, planned, snakemake

from energyguide.files.atomic import sha256


@pytest.fixture(scope="module")
def tree(built, tmp_path_factory):
    """A copy of the project with what was built in it, for this module alone."""
    return duplicate(built, tmp_path_factory.mktemp("tree"))


def test_everything_is_built(built):
    results = built / "results/tiny"
    for folder, suffixes in (("tables", {".csv", ".tex"}), ("figures", {".pdf", ".png"})):
        files = list((results / folder).iterdir())
        assert len(files) >= 12 and all(f.stat().st_size > 100 for f in files if f.suffix in suffixes)
    assert (results / "paper.pdf").exists() or not TEX
    assert not (results / ".resume").exists() or not any((results / ".resume").iterdir())


def test_results_made_elsewhere_are_taken_over(built, tmp_path):
    tree = duplicate(built, tmp_path)
    shutil.rmtree(tree / ".snakemake")
    snakemake(tree, "parts", "--touch", "--forceall")
    assert planned(tree, "parts") == {}
    config = tree / "tests/tiny.yaml"
    config.write_text(config.read_text().replace("eps_test: [0, 0.5]", "eps_test: [0, 1]"))
    assert "robustness" in planned(tree, "parts")


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


def test_measured_gathers_what_was_measured(tree):
    snakemake(tree, "measured")
    results = tree / "results/tiny"
    found = json.loads((results / "measured.json").read_text())
    assert found["command"] == "snakemake measured --config experiment=tiny"
    assert found["configuration"]["classifiers"]["eps_train"] == [0, 0.5] == [part["eps_train"] for part in found["robustness"]]
    for part, name in zip(found["robustness"], ("eps0", "eps0.5"), strict=True):
        assert part["accuracy"] == json.loads((results / f"robustness/{name}.json").read_text())["accuracy"]
        assert part["protocol"]["n"] == 359 and part["history"]["images_seen"] == 960 and part["provenance"]["packages"]
    assert found["samples"].keys() == {path.stem for path in (results / "metrics").glob("*.json")}
    assert found["samples"]["classifier-robust-0.5"]["scales"].keys() == {"4", "16", "1e+30"}


def test_a_scale_that_diverges_is_reported_as_such_and_stops_nothing(built):
    """In the sidecars, the measurements and the tables; its images are black; the scale beside it in the same jobs is whole."""
    results, name = built / "results/tiny", "classifier-robust-0.5"
    for shard in range(2):
        info, images = {}, {}
        for scale in ("16", "1e+30"):
            path = results / f"samples/{name}/{scale}/{shard}.npz"
            info[scale], images[scale] = json.loads(Path(f"{path}.json").read_text()), np.load(path)["images"]
        assert info["1e+30"]["diverged"].keys() == {"count", "of", "step"} and info["1e+30"]["seconds_per_image"] is None
        assert info["16"]["diverged"] is None and info["16"]["seconds_per_image"] > 0
        assert images["1e+30"].shape == images["16"].shape and not images["1e+30"].any() and images["16"].any()
        made = json.loads((results / f"provenance/samples/{name}/1e+30/{shard}.npz.json").read_text())
        said = (built / made["job"]).read_text()
        assert said.count(f"\n{name}/1e+30 diverged: 20 of 20 samples ceased to be finite, the first with ") == 1
    found = {scale: json.loads((results / f"metrics/{name}/{scale}.json").read_text())["scales"][scale] for scale in info}
    assert found["1e+30"].keys() == {"scale", "diverged"} and found["1e+30"]["diverged"]["of"] == 40 and found["16"]["fid"]
    with open(results / "tables/scales.csv", newline="") as file:
        fids = {row["scale"]: row["fid"] for row in csv.DictReader(file) if row["variant"] == name}
    assert [scale for scale, fid in fids.items() if fid == "diverged"] == ["1e+30"]
    for kind in ("tex", "html"):
        assert (results / f"tables/scales.{kind}").read_text().count("diverged") == 6
    assert "diverged" not in (results / "tables/summary.csv").read_text() + "".join(
        file.read_text() for file in (results / "numbers").iterdir()
    )


def test_every_target_has_a_docstring(built):
    listing = snakemake(built, "--list-target-rules").stdout.strip().split("\n")
    assert all(re.fullmatch(r"\w+ \(.+\.\)", line) for line in listing if not line.startswith("Using"))


def test_each_result_has_one_record_and_at_most_a_sidecar(built):
    results = built / "results/tiny"
    folders = {"logs", "paper", "provenance", ".resume"}
    files = {p for p in results.rglob("*") if p.is_file() and p.relative_to(results).parts[0] not in folders and p.name != ".run"}
    sidecars = {p for p in files if p.suffix == ".json" and p.with_suffix("") in files}
    records = {results / "provenance" / f"{p.relative_to(results)}.json" for p in files - sidecars}
    written = {p for p in (results / "provenance").rglob("*.json") if "configurations" not in p.parts and p.name != "run.json"}
    assert records == written
    for path in sidecars:
        made = json.loads((results / "provenance" / f"{path.relative_to(results)}").read_text())
        assert made["sidecar_sha256"] == sha256(path) and "provenance" not in json.loads(path.read_text())


def test_a_deleted_table_is_remade_alone(tree):
    for suffix in (".csv", ".tex"):
        (tree / f"results/tiny/tables/energy{suffix}").unlink()
    assert {"table_energy"} <= planned(tree, "all").keys() <= {"all", "table_energy", "pdf"}
    assert planned(tree, "table_energy").keys() == {"table_energy"}
    snakemake(tree, "table_energy")
    assert (tree / "results/tiny/tables/energy.csv").exists()


def test_answers_to_the_survey_become_a_table_and_a_bad_one_is_named(tree):
    """Answers are no part of the results: they lie beside them, and the paper is complete without."""
    snakemake(tree, "survey")
    survey = json.loads((tree / "results/tiny/survey.json").read_text())
    robust, vanilla = survey["systems"]
    folder = tree / "answers/tiny"
    folder.mkdir(parents=True)
    lines = [f"{survey['id']},anna,{pair},{robust},{vanilla},left" for pair in range(15)]
    try:
        (folder / "anna.csv").write_text("\n".join(["survey,rater,pair,left,right,answer", *lines]))
        snakemake(tree, "table_preferences", "numbers_survey")
        assert "0.5,time-robust,100.0," in (tree / "results/tiny/tables/preferences.csv").read_text()
        assert "Raters: 1, answers: 15, on 15 pairs" in (tree / "results/tiny/numbers/survey.tex").read_text()
        (folder / "berta.csv").write_text("\n".join(["survey,rater,pair,left,right,answer", lines[0].replace(",left", ",up")]))
        run = snakemake(tree, "table_preferences", check=False)
        assert run.returncode and "answers/tiny/berta.csv, line 2: " in run.stdout + run.stderr
    finally:
        shutil.rmtree(folder)
    assert planned(tree, "parts").keys() == {"parts", "numbers_survey"}


def test_the_way_back_from_a_table_and_from_a_number(tree):
    shown = snakemake(tree, "provenance", "--config", "of=results/tiny/tables/robustness.csv").stdout
    steps = [re.escape(f"results/tiny/{name}") for name in ("tables/robustness.csv", "robustness/eps0.json", "data/dataset.npz")]
    assert re.match(r"{}  \w{{12}}  by table_robustness .*\n  {}  .*\n    {}  .*".format(*steps), shown)
    shown = snakemake(tree, "provenance", "--config", "of=nTrain").stdout
    assert "\\newcommand{\\nTrain}{" in shown and "\nresults/tiny/numbers/setup.tex  " in shown


def test_one_table_needs_no_more_than_it_uses(built):
    assert planned(built, "table_robustness", "--forceall").keys() == {
        "data",
        "classifier",
        "robustness",
        "autoattack",
        "table_robustness",
    }


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


def test_usage_adds_up_what_all_jobs_took_and_makes_nothing_else_run(tree):
    before = planned(tree, "parts")
    shown = snakemake(tree, "usage").stdout.strip().split("\n")
    with open(tree / "results/tiny/usage.csv", newline="") as file:
        rows = {row.pop("rule"): {key: float(value) for key, value in row.items()} for row in csv.DictReader(file)}
    logs = tree / "results/tiny/logs"
    jobs = Counter(re.sub(r"_\d+$", "", path.relative_to(logs).with_suffix("").parts[0]) for path in logs.rglob("*.log"))
    assert rows["sample"]["jobs"] == jobs["sample"] >= 20 and rows["metrics"]["jobs"] == jobs["metrics"] and "usage" not in rows
    assert rows["diffusion"]["attempts"] == rows["diffusion"]["jobs"]
    assert rows["sample"]["hours"] > 0 == rows["sample"]["gpu_hours"]
    assert all(row["cpu_hours"] > 0 for row in rows.values())
    assert shown[0].split() == ["rule", "jobs", "attempts", "hours", "cpu_hours", "gpu_hours"] and len(shown) == len(rows) + 1
    assert planned(tree, "parts") == before


PLAN = """
import sys
from snakemake.cli import main

for name in sys.argv[1:]:
    try:
        main(["-n", "--quiet", "all", "--forceall", "--config", f"experiment={name}"])
    except SystemExit as end:
        print(f"{name}: {end.code or 0}")
"""


def test_every_shipped_experiment_is_planned_from_data_to_pdf(built):
    """In one process: to import Snakemake takes longer than to plan two thousand jobs."""
    names = sorted(file.stem for file in (ROOT / "experiments").glob("*.yaml") if file.stem != "images")  # which has no folder
    run = subprocess.run([sys.executable, "-c", PLAN, *names], cwd=built, capture_output=True, text=True)
    assert re.findall(r"(?m)^([\w-]+: \d+)$", run.stdout) == [f"{name}: 0" for name in names], run.stdout + run.stderr
    assert (run.stdout + run.stderr).count("This was a dry-run") == len(names) >= 6
