# What jobs ask of a cluster: sized by the work, the experiment and the attempt. On one machine only `gpu` counts.

# The trap keeps the shell alive beside a job that is told to stop, until the job has saved its state.
if SITE.modules:
    shell.prefix(f"trap : TERM; module load {' '.join(SITE.modules)}; ")

# A job that has to stop is told so in time: it saves its state and continues in the next job. Not by another signal,
# and not to the batch shell alone: only SIGTERM to all processes lets Snakemake wait until the state is saved.
GENTLY = f"--signal=TERM@{SITE.grace} --open-mode=append"

STARTUP = 5  # minutes for a job to start, import torch and compile
# Forward passes a second, times (pixels x channels)^2 of the network. Assumed, not measured: a job that is cut off continues.
SPEED = 2000 * (32 * 128) ** 2


def training_minutes(block, attack_steps=0, network=None):
    """What the training of a network, as a block with `network` and `training` states it, should take on a GPU."""
    cost = (experiment.data.size * (network or block.network).width) ** 2 * 3 * (1 + attack_steps)
    return block.training.steps * block.training.batch * cost / SPEED / 60


def sampling_minutes(name):
    """What one shard of the samples of a variant at a scale should take on a GPU."""
    images = experiment.sampling.total / experiment.sampling.shards
    cost = (experiment.data.size * experiment.diffusion.network.width) ** 2 * 3
    return images * SAMPLED[SCALED[name][0]].steps * cost / SPEED / 60


def runtime(work, group):
    """Minutes to ask for: twice what the work should take, twice as much at each further attempt, at most the site's limit."""
    return lambda wildcards, attempt: min(
        max(1, SITE.runtime // jobs_together(group)),
        round((STARTUP + 2 * (work(wildcards) if callable(work) else work)) * 2 ** (attempt - 1)),
    )


def asked(partition, options, work, memory, group=None):
    """What jobs of both kinds ask for. Not the rules' threads: those are cut to --cores, which counts this machine's."""
    stated = {
        "slurm_partition": partition,
        "slurm_account": SITE.account,
        "slurm_extra": " ".join(filter(None, [options, SITE.extra])),
    }
    return {
        **{key: value for key, value in stated.items() if value},
        "cpus_per_task": experiment.threads,
        "mem_mb": lambda wildcards, attempt: memory * attempt,
        "runtime": runtime(work, group),
    }


def on_gpu(work=5, memory=8000, group=None):
    """A GPU for about `work` minutes (a number, or a function of the wildcards), and `memory` megabytes, more at each attempt.

    Jobs of a group follow one another on one GPU, and share the site's limit.
    """
    return {
        **asked(SITE.gpu_partition, GENTLY, work, memory, group),
        "gpu": 1,
        **({"gpu_model": SITE.gpu_model} if SITE.gpu_model else {}),
    }


def on_cpu(work=5, memory=4000):
    """A place without a GPU."""
    return asked(SITE.cpu_partition, "", work, memory)
