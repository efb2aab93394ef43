FACTORIAL = experiment.factorial
FACTORIAL_PARAMS = {
    "cells": FACTORIAL.cells,
    "losses": FACTORIAL.losses,
    "eps_train": {name: experiment.classifiers.radii[name] for name in FACTORIAL.classifiers},
    "strength": FACTORIAL.strength,
}
FACTORIAL_ORIGIN = ORIGINS.get(FACTORIAL.model)

table(
    "factorial",
    "factorial",
    "Table: every loss by every classifier by every point of the gradient, at one strength.",
    {"metrics": metrics_of(*FACTORIAL.cells)},
    **FACTORIAL_PARAMS,
)
figure(
    "factorial",
    "factorial",
    "Figure: class accuracy, FID and energy divergence by the loss, one line a classifier and point.",
    {"metrics": metrics_of(*FACTORIAL.cells, *filter(None, [FACTORIAL_ORIGIN]))},
    **FACTORIAL_PARAMS,
    unguided=FACTORIAL_ORIGIN,
)
numbers("factorial", {"metrics": metrics_of(*FACTORIAL.cells)}, **FACTORIAL_PARAMS, unit=FACTORIAL.unit)
