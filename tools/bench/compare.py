"""Two ways to the same result, timed in turns in one process: A B A B, so that what slows the machine slows both."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

from energyguide.nets.counting import Operations


@dataclass(frozen=True)
class Contest:
    """The same work by us and by a peer.

    Attributes:
        work: what is done.
        peer: who does it beside us.
        ours, theirs: functions without arguments that do it.
        agree: raises AssertionError where the two results are not the same; None where chance decides.
        counted: whether its floating-point operations are counted.
        bf16: whether ours computes in bf16; the peers do as they do by themselves, in float32.
    """

    work: str
    peer: str
    ours: Callable
    theirs: Callable
    agree: Callable = None
    counted: bool = True
    bf16: bool = False


def seconds(function):
    """How long it takes, and what it returns."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    result = function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began, result


def best_product(where, bf16, size=2048, rounds=10):
    """The most floating-point operations a second in a product of two matrices, in bf16 or in float32."""
    a, b = torch.randn(2, size, size, device=where, dtype=torch.bfloat16 if bf16 else torch.float32).unbind()
    return 2 * size**3 / min(seconds(lambda: a @ b)[0] for _ in range(rounds))


def compare(contest, rounds, limits):
    """One row of the table. `limits` has what `best_product` says of this machine, by whether it is in bf16."""
    first = contest.ours(), contest.theirs()  # and both are warm
    if contest.agree:
        contest.agree(*first)
    times = [(seconds(contest.ours)[0], seconds(contest.theirs)[0]) for _ in range(rounds)]
    ratios = [theirs / ours for ours, theirs in times]
    row = {
        "work": contest.work,
        "peer": contest.peer,
        "ours in": "bf16" if contest.bf16 else "float32" if contest.counted else "",
        "ratio": round(median(ratios), 2),
        "least": round(min(ratios), 2),
        "most": round(max(ratios), 2),
        "seconds": round(median(ours for ours, _ in times), 3),
        "share of the matrix product": "",
    }
    if contest.counted:
        with Operations() as counter:
            contest.ours()
        share = counter.total / min(ours for ours, _ in times) / limits[contest.bf16]
        row["share of the matrix product"] = round(share, 2)
    return row
