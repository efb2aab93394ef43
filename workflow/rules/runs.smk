# What a run that failed says at its end; and what all runs used.

from snakemake.logging import logger

from energyguide.run import locks
from energyguide.run import watch as watching
from energyguide.run.provenance import keep_configuration
from energyguide.run.slurm import do_without_accounts

watch = watching.Watch()


onstart:  # not in the processes that jobs run in: Snakemake calls them with --no-hooks
    if planned_outputs():
        try:
            locks.claim(Path(SITE.scratch or "", R))
            keep_configuration(R, experiment.dump())
        except (ValueError, OSError) as error:
            sys.exit(reason(error))
    start_at_once()
    logger.addHandler(watch)
    logger.addFilter(watching.brief)
    do_without_accounts(Path(workflow.basedir, "workflow/profiles/slurm/without-accounts"))


onerror:
    logger.error(f"\n{watching.report(watch.unfinished.values())}\n")


rule usage:
    """What the present results cost, by rule: jobs, attempts, hours, CPU and GPU hours."""
    log:
        f"{R}/logs/usage.log",
    localrule: True
    conda:
        "../../envs/python.yaml"
    params:
        results=R,
        csv=f"{R}/usage.csv",
    message:
        "What the results cost"
    script:
        "../scripts/usage.py"


rule provenance:
    """Where a result comes from, back to the data: of the paper, or with `--config of=...` of a file, or of a number in the text by its macro."""
    log:
        f"{R}/logs/provenance.log",
    localrule: True
    conda:
        "../../envs/python.yaml"
    params:
        of=config.get("of") or f"{R}/paper.pdf",
        numbers=MACROS,
    message:
        "Where a result comes from"
    script:
        "../scripts/trace.py"


rule cost:
    """What the experiment costs before it is run: jobs, operations, hours at the rates of this machine, disk, and GPU memory."""
    log:
        f"{R}/logs/cost.log",
    localrule: True
    conda:
        "../../envs/python.yaml"
    params:
        images=lambda wildcards: experiment.data.images(),  # looks into the folder of images: not at each start
        jobs=JOBS,
        threads=experiment.threads,
        csv=f"{R}/cost.csv",
    message:
        "What the experiment costs"
    script:
        "../scripts/cost.py"
