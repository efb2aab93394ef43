"""Signals to trainers, samplers, evaluators, Snakemake, and to all at once as Ctrl-C sends them: at random moments."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from itertools import product

from project import workers
from trees import EVERYTHING, LOST, Run, compared, fresh, snakemake, undisturbed

from energyguide.files.arrays import read_sidecar

SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
SCRIPTS = {"a trainer": r"train_\w+", "a sampler": "sample", "an evaluator": r"measure_\w+"}
TARGETS = (*SCRIPTS, "Snakemake", "its process group")
MORE = 5  # strikes beyond one of each kind
LONGEST = 20  # seconds from the start of a run to the strike, of which Snakemake takes some four to begin
ROUNDS = 4


def exposed(tree, run, target):
    """What a signal to `target` goes to: the numbers of processes; of a process group, negative, as os.kill has it."""
    own = {"Snakemake": run.process.pid, "its process group": -run.process.pid}
    return [own[target]] if target in own else workers(tree, SCRIPTS[target])


def strike(tree, run, due, chance):
    """After a random while, one of the strikes that are due, at what is alive then; None where the run ends before."""
    moment = time.monotonic() + chance.uniform(0, LONGEST)
    while run.alive():
        if time.monotonic() >= moment:
            found = {target: pids for target in TARGETS if (pids := exposed(tree, run, target))}
            possible = [(target, number) for target, number in due if target in found]
            if possible:
                target, number = chance.choice(possible)
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(found[target]), number)
                    return target, number
        time.sleep(0.05)
    return None


def harmed(tree, due, chance):
    """Run, and strike, again and again, until a run ends well: the strikes that were done. They are taken from `due`."""
    done = []
    while True:
        run, before = Run(tree, EVERYTHING), len(done)
        while due and (struck := strike(tree, run, due, chance)):  # not each ends the run, as one at a job of an earlier run
            due.remove(struck)
            done.append(struck)
            print(f"{struck[1].name} to {struck[0]}", flush=True)
        status = run.end()
        if "--unlock" in run.said():
            snakemake(tree, EVERYTHING, "--unlock")
        elif not status:
            return done
        elif len(done) == before:
            raise ValueError(f"{tree}: a run that nobody disturbed ended with {status}: {run.said()[-2000:]}")


def resumed(tree):
    """How often trainings went on after they had been cut off."""
    return sum(read_sidecar(path)["history"]["attempts"] - 1 for path in tree.rglob("*.safetensors") if "@" not in path.name)


def main(seed=0):
    chance, due = random.Random(seed), list(product(TARGETS, SIGNALS))
    due += chance.choices(due, k=MORE)
    undisturbed()
    rows = []
    for number in range(ROUNDS):
        if due:
            tree = fresh(f"kills{number}")
            done = Counter(harmed(tree, due, chance))
            while workers(tree):  # left over by a Snakemake that was killed
                time.sleep(0.2)
            outcome = f"{compared(tree)}, trainings resumed: {resumed(tree)}"
            rows += [(f"{what.name} to {target}", times, outcome) for (target, what), times in sorted(done.items())]
    return rows + [(f"{what.name} to {target}", 0, f"{LOST}it was never there to be struck") for target, what in due]
