"""What workflow/rules/internals.smk takes from Snakemake without a public name."""

import json

from project import ROOT, snakemake

SNAKEFILE = """
import json

configfile: "first.yaml"
include: "internals.smk"

found = {"files": config_files()}

onstart:
    found["outputs"] = sorted(planned_outputs())
    open("found.json", "w").write(json.dumps(found))

rule all:
    input: "a", "b"

rule copy:
    output: "{name}"
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
    assert found == {"outputs": ["b"], "description": "Copies."}
    assert (tmp_path / "b").read_text() == "2 1\n"
