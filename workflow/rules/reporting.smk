# The tables, figures and numbers, and what else the rules of each subject add: they are made into rules once all are known.

TABLE, FIGURE, NUMBERS = {}, {}, {}
RESULTS = []  # the files that the paper rests on, for the table of provenance
JOBS = {}  # rule -> the number of its jobs, for the estimate of costs


def table(topic, name, about, input, **params):
    """A table, by the function `table_<name>` of a topic."""
    TABLE[name] = topic, about, input, params


def figure(topic, name, about, input, **params):
    """A figure, by the function `figure_<name>` of a topic."""
    FIGURE[name] = topic, about, input, params


def numbers(topic, input, **params):
    """The numbers and sentences of a topic, by its function `numbers`."""
    NUMBERS[topic] = input, params


# What `Samples` takes: all that was measured on samples, as the text speaks of it.
SAMPLES_INPUT = {"metrics": metrics_of(*VARIANTS), "floor": f"{R}/floor.json"}
SAMPLES = {
    "title": experiment.title,
    "models": {name: model.dump("p_uncond") for name, model in experiment.diffusion.models.items()},
    "variants": {name: variant.dump(without=("system",)) for name, variant in VARIANTS.items()},
    "baseline": experiment.baseline,
    "classifiers": described_classifiers(),
    "energy_classifier": experiment.metrics.classifier,
}
