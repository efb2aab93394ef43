"""The paper, from data to PDF. `snakemake` builds it; `snakemake --list-target-rules` tells what else can be asked for."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))

from energyguide.config.checks import ConfigError
from energyguide.config import derive
from energyguide.config.files import check_file
from energyguide.config.resolve import resolve
from energyguide.data.folders import fingerprint
from energyguide.run.digests import code, code_of, named
from energyguide.run.reasons import reason
from energyguide.run.resume import forget_finished


include: "workflow/rules/internals.smk"


try:
    for file in ("config.yaml", *config_files()):
        check_file(file)
except ConfigError as error:
    sys.exit(str(error))


configfile: "config.yaml"


report: "workflow/report/overview.rst"


try:
    experiment = resolve(config)
except ConfigError as error:
    sys.exit(f"{config_files()[-1]}: {error}")
except OSError as error:
    sys.exit(reason(error))


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/report.smk"


localrules:
    pdf,
    numbers,
    survey,
    all,
    paper,
    tables,
    figures,
    measurements,
    measured,
    parts,


include: "workflow/rules/data.smk"
include: "workflow/rules/diffusion.smk"
include: "workflow/rules/vdm.smk"
include: "workflow/rules/ddgan.smk"
include: "workflow/rules/classifiers.smk"
include: "workflow/rules/released.smk"
include: "workflow/rules/robustness.smk"
include: "workflow/rules/energy.smk"
include: "workflow/rules/sampling.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/classifier_free.smk"
include: "workflow/rules/survey.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/runs.smk"


onsuccess:
    forget_finished(Path(SITE["scratch"] or "", R, ".resume"))


rule all:
    """Everything: the paper, with all tables and figures."""
    default_target: True
    input:
        rules.pdf.output,
        TABLES,
        FIGURES,


rule paper:
    """The same, by its name."""
    input:
        rules.all.input,


rule tables:
    """All tables, as CSV, HTML and LaTeX."""
    input:
        TABLES,


rule figures:
    """All figures, as PDF and PNG."""
    input:
        FIGURES,


rule parts:
    """Everything but the PDF, for machines without TeX."""
    input:
        TABLES,
        FIGURES,
        rules.numbers.output.tex,


rule measurements:
    """All measurements of all samples, without tables and figures."""
    input:
        metrics_of(*SAMPLED),
