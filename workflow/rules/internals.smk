# What Snakemake has no public name for: it is used here alone, and tests/test_internals.py tries each.


def config_files():
    """The files that --configfile names, then those that `configfile:` does."""
    return list(map(str, workflow.configfiles))


def planned_outputs():
    """The outputs of all jobs that this run is to execute; known once it starts."""
    return [file for job in workflow.dag.needrun_jobs() for file in job.output]


def describe(rule, text):
    """Give a rule that was made in a loop its docstring."""
    workflow.get_rule(rule).docstring = text


def description(rule):
    """The docstring of a rule."""
    return workflow.get_rule(rule).docstring


def jobs_together(group):
    """How many jobs of a group are sent as one; known once the run starts, so to be asked in functions of resources."""
    return workflow.group_settings.group_components.get(group, 1)


def start_at_once():
    """Start each job when there is room for it. Snakemake's own limit, 100 a second, looks again a second after each look, and
    once more for each job that is done: a thread and a look at all jobs a second for each of them, until the end.
    """
    workflow.scheduler.job_rate_limiter = None
