"""The factorial of losses, classifiers and points: what may be said when one factor changes and all else is equal."""

from types import SimpleNamespace

import pytest
from measurements import LOST, measure, nothing_stays_open, pm, records, rows  # noqa: F401

from energyguide.reporting.topics import factorial

LOSSES = {
    "w0": {"guidance": "energy", "normaliser": 0},
    "w1": {"guidance": "energy", "normaliser": 1},
    "lambda1": {"guidance": "joint", "lambda": 1},
}
PARAMS = SimpleNamespace(
    cells={f"{loss}-{c}-{at}": (loss, c, at) for at in ("x_t", "x0") for c in ("eps0", "eps1") for loss in LOSSES},
    losses=LOSSES,
    eps_train={"eps0": 0, "eps1": 1},
    strength=2,
    unit="sigma",
    unguided="base",
)


@pytest.fixture
def cells(tmp_path):
    """A function: measures by the name of a cell, where they are not as everywhere -> inputs."""

    def build(**own):
        usual = {name: {2: {"scale": 31.4}} for name in PARAMS.cells}
        given = {name.replace("_", "-", 2): {2: value} for name, value in own.items()}
        return SimpleNamespace(metrics=measure(tmp_path, {**usual, **given, "base": {0: {}}}))

    return build


def test_nothing_is_said_to_differ_where_nothing_does(cells):
    said = factorial.numbers(cells(), PARAMS)
    same = r"of 4 FID$_\infty$, 4 are not distinguishable"
    assert all(same in said[macro] for macro in ("sayFactorialEnergy", "sayFactorialTarget"))
    assert r"of 6 FID$_\infty$, 6 are not" in said["sayFactorialRobust"] and said["nCells"] == 12


def test_each_factor_is_counted_with_all_else_equal(cells):
    said = factorial.numbers(
        cells(w0_eps0_x_t={"fid": 4}, w0_eps1_x_t={"fid": 6}, w0_eps1_x0={"accuracy": 0.9}, lambda1_eps0_x_t={"fid": 3}), PARAMS
    )
    assert r"of 4 FID$_\infty$, 1 is lower, 1 is higher and 2 are not" in said["sayFactorialEnergy"]
    assert "of 4 class accuracies, 1 is higher and 3 are not" in said["sayFactorialEnergy"]
    assert r"of 4 FID$_\infty$, 2 are lower and 2 are not" in said["sayFactorialTarget"]
    assert r"of 6 FID$_\infty$, 2 are higher and 4 are not" in said["sayFactorialRobust"]
    assert r"of 6 FID$_\infty$, 1 is lower, 2 are higher and 3 are not" in said["sayFactorialPoint"]


def test_cells_that_diverged_are_compared_with_nothing_and_printed_as_such(cells):
    inputs = cells(w0_eps0_x_t=LOST)
    assert r"of 3 FID$_\infty$" in factorial.numbers(inputs, PARAMS)["sayFactorialEnergy"]
    header, first, *_ = rows(factorial.table_factorial(inputs, PARAMS))
    assert header == ["", "Guide", "$w=0$", "$w=1$", r"$\lambda=1$"]
    assert first[1:] == [r"$\varepsilon=0$ at $\mathbf{x}_t$", "diverged", *[pm(50, 1).replace("0.01", "1.4")] * 2]
    lines = [r for r in records(factorial.table_factorial(inputs, PARAMS)) if r["classifier"] == "eps1"]
    assert {r["scale"] for r in lines} == {"31.4"} and len(lines) == 3 * 2 * 3
    panels = factorial.figure_factorial(inputs, PARAMS).axes
    assert [len(bar.lines[0].get_xdata()) for bar in panels[0].containers] == [2, 3, 3, 3]


def test_what_is_not_varied_is_not_compared(cells):
    one = SimpleNamespace(**{**vars(PARAMS), "cells": {"w0-eps0-x_t": ("w0", "eps0", "x_t")}, "losses": {"w0": LOSSES["w0"]}})
    said = factorial.numbers(cells(), one)
    assert {text for name, text in said.items() if name.startswith("say")} == {"It is not varied in this experiment."}
