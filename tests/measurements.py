"""Measurements made up for the purpose, as the rules write them, and what tables and figures show of them."""

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

from energyguide.files.arrays import save_arrays
from energyguide.metrics.scales import join
from energyguide.reporting.samples import Samples
from energyguide.reporting.style import pyplot
from energyguide.reporting.topics.survey import COLUMNS


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


PROTOCOL = {"features": "Inception features", "reference": "test", "samples": 100, "sets": 2, "is_splits": 10}
TIME = {"unguided": "plain", "vanilla": "van", "robust": "rob"}
LABELS = {
    "plain": {"label": "Plain", "model": "m"},
    "van": {"label": "Van", "unit": "sigma2", "model": "m"},
    "rob": {"label": "Rob", "unit": "sigma2", "model": "m"},
}
THREATS = {
    "rob": {"norm": "l2", "eps": 0.25, "steps": 7},
    "rob+a": {"norm": "l2", "eps": 0.25, "steps": 5},
    "rob+b": {"norm": "linf", "eps": 2 / 255, "steps": 5},
    "rob+c": {"norm": "linf", "eps": 2 / 255, "steps": 7},
}
LOST = object()


def measure(folder, variants):
    """Files as the rule `scales` writes them: variant -> scale -> the measures that are not as everywhere, of two sets.

    LOST in their place is a scale that diverged.
    """
    usual = {"is": 2, "fid": 5, "kid": 0.01, "precision": 0.5, "recall": 0.5, "accuracy": 0.5, "energy_divergence": 1}
    files = []
    for name, scales in variants.items():
        results = {}
        for scale, own in scales.items():
            if own is LOST:
                results[f"{scale:g}"] = {"scale": scale, "diverged": {"count": 3, "of": 200, "step": 1}}
                continue
            values = {**usual, "fjd_train": own.get("fid", 5), "fid_infinity": own.get("fid", 5), **own}
            results[f"{scale:g}"] = {key: [value - 0.01, value + 0.01] for key, value in values.items()}
            results[f"{scale:g}"] |= {
                "seconds_per_image": [0.1],
                "fid_all_train": [values["fid"]],
                "choice": values["fjd_train"],
                "scale": own.get("scale", scale),
            }
        found = {"evaluations": [5, 7], "protocol": PROTOCOL, "scales": results}
        files.append(write(folder / f"metrics/{name}.json", join([found])))
    return files


def pm(value, digits=2):
    return rf"${value:.{digits}f} \pm {0.01 if digits == 2 else 1.4}$"


def publish(path, *rows):
    """A file of published numbers: rows of table, row, column, value."""
    lines = [f"cifar10,{row},Some data,Somewhere" for row in rows]
    return write(path / "published.csv", "\n".join(["experiment,table,row,column,value,data,source", *lines, ""]))


def rows(table):
    """The lines of a table in LaTeX, as lists of cells, the header first; twice where it is long."""
    return [line.removesuffix(r" \\").split(" & ") for line in table.latex().splitlines() if line.endswith(r"\\")]


def records(table):
    return list(csv.DictReader(io.StringIO(table.csv())))


def answers(folder):
    """Files of four raters and the survey: the first system wins pairs 0 (3 of 4 votes), 1 and 2, the second 4, nobody 3."""
    votes = {0: "fffs", 1: "f", 2: "f", 3: "-", 4: "s"}
    survey = {"id": "this", "systems": ["rob", "van"], "pairs": ["cat"] * len(votes), "seed": 0}
    files = []
    for rater in range(4):
        given = {pair: {"f": "right", "s": "left", "-": "same"}[said[rater]] for pair, said in votes.items() if rater < len(said)}
        lines = [",".join(COLUMNS), *(f"this,r{rater},{pair},van,rob,{side}" for pair, side in given.items())]
        files.append(write(folder / f"answers/{rater}.csv", "\n".join(lines)))
    return {"answers": files, "survey": write(folder / "survey.json", survey)}


def bounds(folder, name, total, shapes=("learned",)):
    """A file as the rule `likelihood` writes it: without shapes, of a fixed schedule."""
    terms = {"prior": [0.5] * 2, "reconstruction": [0.25] * 2, "diffusion": [total - 0.75] * 2, "spread": 3.0}
    drawn = {**terms, "total": [total - 0.01, total + 0.01]}
    found = {
        "protocol": {"images": "test", "n": 30, "draws": 2},
        "decoder": "from_latent" if shapes else "from_prediction",
        "discrete": {"10": {**drawn, "total": [total + 1] * 2}, "99": drawn},
    }
    if shapes:
        found["gamma"] = {shape: [-10, 0, 5] for shape in shapes}
        found["continuous"] = {
            shape: {**drawn, "diffusion": [total - 0.75 + i, total - 0.7 + i]} for i, shape in enumerate(shapes)
        }
    return write(folder / f"likelihood/{name}.json", found)


def mode_files(folder):
    """Files as the rules `points` and `stacked` write them: of 2 and 4 steps, and of 4."""
    points = []
    for steps, covered in ((2, 20), (4, 25)):
        arrays = {"drawn": np.zeros((50, 2)), "real": np.ones((50, 2))}
        points.append(str(folder / f"{steps}.npz"))
        found = {"drawn": {"modes": covered, "of": 25, "share": covered / 50}, "real": {"modes": 25, "of": 25, "share": 0.99}}
        save_arrays(points[-1], arrays, steps=steps, **found)
    digits = {"drawn": {"modes": 900, "of": 1000, "kl": 0.5}, "real": {"modes": 1000, "of": 1000, "kl": 0.02}}
    images = np.zeros((30, 3, 8, 8), dtype=np.uint8)
    save_arrays(folder / "stacked.npz", {"drawn": images, "real": images}, samples=2000, steps=4, accuracy=0.99, **digits)
    return {"points": points, "stacked": folder / "stacked.npz.json"}


VARIANTS = {
    "base": {"guidance": "unguided", "model": "unconditional"},
    "plain": {"guidance": "unguided", "model": "conditional"},
    "given": {"guidance": "unguided", "model": "joint"},
    "van": {"guidance": "classifier", "model": "conditional", "classifier": "time-vanilla", "unit": "sigma2"},
    "rob": {"guidance": "classifier", "model": "conditional", "classifier": "time-l2-0.25-7", "unit": "sigma2"},
    "energy": {"guidance": "energy", "model": "unconditional", "classifier": "eps1", "unit": "sigmoid"},
    "free": {"guidance": "classifier_free", "model": "joint", "unit": "difference"},
    "both": {"guidance": "free_and_energy", "model": "joint", "classifier": "eps1", "unit": "sigmoid", "w": 0.1},
    "frail": {"guidance": "classifier", "model": "unconditional", "classifier": "eps0", "unit": "sigma"},
    "firm": {"guidance": "classifier", "model": "unconditional", "classifier": "eps1", "unit": "sigma"},
    "standard": {"guidance": "energy", "model": "unconditional", "classifier": "eps1", "unit": "standard"},
    "twice": {"guidance": "joint", "model": "unconditional", "classifier": "eps1", "unit": "sigmoid", "lambda": 0.5},
}
CLASSIFIERS = {
    **{f"eps{eps:g}": {"kind": "classifier", "eps_train": eps} for eps in (0, 0.5, 1)},
    "time-vanilla": {"kind": "time_classifier", "eps_train": 0.0},
    **dict.fromkeys(("time-l2-0.25-7", "time-l2-0.5-7"), {"kind": "time_classifier", "eps_train": 0.25}),
}
GUIDED = [name for name, spec in VARIANTS.items() if "unit" in spec]


def systems(folder, without=(), **own):
    """`Samples` of all kinds of systems, all alike but for what is given of their measures; and the params of all."""
    variants = {
        n: {"label": n.title(), "sampler": "ddpm", "steps": 5, **spec} for n, spec in VARIANTS.items() if n not in without
    }
    usual = {name: {1 if "unit" in spec else 0: {}} for name, spec in variants.items()}
    models = {"unconditional": {"p_uncond": 1}, "conditional": {"p_uncond": 0}, "joint": {"p_uncond": 0.1}}
    params = SimpleNamespace(title="tests", models=models, variants=variants, baseline="base", energy_classifier="eps1")
    params.classifiers = CLASSIFIERS
    floor = write(folder / "floor.json", {"fid_infinity": [1]})
    return Samples(SimpleNamespace(metrics=measure(folder, {**usual, **own}), floor=floor), params)


COMPARED = SimpleNamespace(compared={**TIME, "scale": 2}, threats=THREATS)
ENERGIES = {"standard": "standard", "sigmoid": "energy", "joint": "twice"}
FREE = SimpleNamespace(compared={"variant": "free", "unguided": "given"})
VERDICTS = [(-1, "lower"), (0, "not distinguishable"), (1, "higher")]
CLASSES = ["ant", "bee", "cat"]


def grid(figure):
    """What a gallery shows, once it has been laid out: label -> images, and the titles above."""
    figure.draw_without_rendering()
    columns = figure.axes[0].get_subplotspec().get_gridspec().ncols
    lines = [figure.axes[i : i + columns] for i in range(0, len(figure.axes), columns)]
    shown = [(line[0].get_ylabel(), np.array([axes.images[0].get_array() for axes in line if axes.images])) for line in lines]
    return shown, [axes.get_title() for axes in lines[0]]


def first_shard(folder, variant, *scales):
    """Where the first shards of a variant are, two samples of each class; and scale -> images, as they are drawn."""
    rng = np.random.default_rng(len(variant))
    images = {f"{s:g}": rng.integers(0, 256, (2 * len(CLASSES), 1, 2, 2), np.uint8) for s in scales}
    paths = [folder / f"samples/{variant}/{scale}/0.npz" for scale in images]
    for path, own in zip(paths, images.values(), strict=True):
        save_arrays(path, {"images": own})
    return list(map(str, paths)), {scale: value[:, 0] / 255 for scale, value in images.items()}


def random_images():
    """A function that makes random arrays of a shape, all different."""
    rng = np.random.default_rng(0)
    return lambda *shape: rng.uniform(-1, 1, shape)


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    pyplot().close("all")
