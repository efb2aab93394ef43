"""What workflow/rules/internals.smk takes from Snakemake without a public name."""

import json

from project import ROOT, snakemake

SNAKEFILE = """
import json
import threading

configfile: "first.yaml"
include: "internals.smk"

found = {"files": config_files()}

onstart:
    start_at_once()
    found["outputs"] = sorted(planned_outputs())
    open("found.json", "w").write(json.dumps(found))

onsuccess:
    open("threads", "w").write(str(threading.active_count()))

rule all:
    input: "a", "b", expand("many/{k}", k=range(20))

rule many:
    output: touch("many/{k}")
    shell: "sleep 0.1"

rule copy:
    output: "{name}"
    wildcard_constraints: name="[ab]"
    params: together=lambda wildcards: f"{jobs_together('many')} {jobs_together('other')}"
    group: "many"
    shell: "echo {params.together} > {output}"

describe("copy", "Copies.")
found["description"] = description("copy")
"""


def test_each_of_them(tmp_path):
    (tmp_path / "internals.smk").write_text((ROOT / "workflow/rules/internals.smk").read_text())
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    for name in ("first", "second"):
        (tmp_path / f"{name}.yaml").write_text(f"{name}: 1\n")
    (tmp_path / "a").touch()
    options = ["--cores", "1", "--configfile", "second.yaml"]
    snakemake(tmp_path, "--group-components", "many=2", config=options)
    found = json.loads((tmp_path / "found.json").read_text())
    assert [name.rpartition("/")[2] for name in found.pop("files")] == ["second.yaml", "first.yaml"]
    assert found == {"outputs": ["b", *sorted(f"many/{k}" for k in range(20))], "description": "Copies."}
    assert (tmp_path / "b").read_text() == "2 1\n"
    assert int((tmp_path / "threads").read_text()) < 10  # with the limit, one for each of the 22 jobs, if they take a second
