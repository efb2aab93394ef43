# What a run that failed says at its end; and what all runs used.

from snakemake.logging import logger

from energyguide.slurm import do_without_accounts

watch = runs.Watch()


onstart:  # not in the processes that jobs run in: Snakemake calls them with --no-hooks
    logger.addHandler(watch)
    do_without_accounts(Path(workflow.basedir, "workflow/profiles/slurm/without-accounts"))


onerror:
    logger.error(f"\n{runs.report(watch.unfinished.values())}\n")


rule usage:
    """What the jobs used of what they asked for, by rule, from their logs; also while they run."""
    log:
        f"{R}/logs/usage.log",
    localrule: True
    conda:
        "../../envs/python.yaml"
    params:
        logs=f"{R}/logs",
        csv=f"{R}/usage.csv",
    message:
        "What the jobs used"
    script:
        "../scripts/usage.py"
