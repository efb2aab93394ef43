"""The paper, from data to PDF. `snakemake` builds it; `snakemake --list-target-rules` tells what else can be asked for."""

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")
sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))

from energyguide.config.experiments import resolve
from energyguide.config.files import load
from energyguide.config.names import scale_name
from energyguide.config.parts import ConfigError
from energyguide.data.folders import fingerprint
from energyguide.files.atomic import read_json
from energyguide.metrics.comparison import compare, summary
from energyguide.run.digests import code, code_of, named
from energyguide.run.reasons import reason
from energyguide.run.resume import forget_finished


include: "workflow/rules/internals.smk"


try:
    for file in ("config.yaml", *config_files()):
        load(file)
except ConfigError as error:
    sys.exit(str(error))


configfile: "config.yaml"


report: "workflow/report/overview.rst"


try:
    experiment, SITE = resolve(config)
except ConfigError as error:
    sys.exit(f"{config_files()[-1]}: {error}")
except OSError as error:
    sys.exit(reason(error))


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/reporting.smk"
include: "workflow/rules/packs.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/diffusion.smk"
include: "workflow/rules/classifiers.smk"
include: "workflow/rules/released.smk"
include: "workflow/rules/robustness.smk"
include: "workflow/rules/energy.smk"
include: "workflow/rules/sampling.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/guidance.smk"


for system in experiment.systems:

    include: f"workflow/rules/systems/{system}.smk"


include: "workflow/rules/setup.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/runs.smk"


localrules:
    all,
    paper,
    tables,
    figures,
    measurements,
    measured,
    compare,
    parts,


onsuccess:
    forget_finished(Path(SITE.scratch or "", R, ".resume"))
    if all(map(os.path.exists, REPRODUCED)):
        logger.info(
            f"{summary(compare(*map(read_json, REPRODUCED)))}: {KEPT} (`snakemake compare` lists the others)"
        )


rule all:
    """Everything: the paper, with all tables and figures."""
    default_target: True
    input:
        rules.pdf.output,
        TABLES,
        FIGURES,
        REPRODUCED[:1] if os.path.exists(KEPT) else [],


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
        MACROS,


rule measurements:
    """All measurements of all samples, without tables and figures."""
    input:
        metrics_of(*SAMPLED),
