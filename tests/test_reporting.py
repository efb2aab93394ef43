"""Tables, sentences and the PDF, from measurements made up for the purpose."""

from types import SimpleNamespace

import numpy as np
import pytest
from measurements import PROTOCOL, write
from scipy.stats import binomtest

from energyguide.files.arrays import save_arrays
from energyguide.metrics.scales import join
from energyguide.metrics.statistics import wilson
from energyguide.reporting.layout import plus_minus
from energyguide.reporting.read import first_samples
from energyguide.reporting.samples import Samples
from energyguide.reporting.topics import energy_guidance, guidance, robustness, unguided

PUBLISHED = """experiment,table,row,column,value,data,source
cifar10,robustness,0.5,1,68.63,CIFAR-10,Thesis
cifar10,robustness_library_100,0.5,1,68.61,CIFAR-10,README
cifar10,unconditional,ddpm,fid,16.49,CIFAR-10,Thesis
"""


def measured(fid, accuracy=0.5, divergence=1.0):
    values = {"is": 2.0, "fid": fid, "precision": 0.5, "recall": 0.5, "accuracy": accuracy, "energy_divergence": divergence}
    sets = {key: [value, value + 0.01] for key, value in values.items()}
    sets |= {"kid": [fid / 1000, fid / 1000], "fid_infinity": [fid / 2, fid / 2]}
    return {**sets, "fjd_train": [fid, fid], "choice": fid, "fid_all_train": [fid], "seconds_per_image": [0.1]}


def metrics(folder, variant, scales):
    """The file that the rule `scales` writes; scale -> (FID, class accuracy)."""
    found = {"evaluations": [5, 5], "protocol": PROTOCOL, "scales": {f"{s:g}": measured(*m) for s, m in scales.items()}}
    return [write(folder / f"metrics/{variant}.json", join([found]))]


def robustness_files(folder):
    protocol = {"attack": "PGD-20", "norm": "l2", "images": "test", "n": 10}
    grids = {0: {"0": 0.95, "0.5": 0.0}, 1: {"0": 0.8, "0.5": 0.7}}
    return [
        write(folder / f"robustness/eps{eps}.json", {"eps_train": eps, "protocol": protocol, "accuracy": grid})
        for eps, grid in grids.items()
    ]


@pytest.fixture
def published(tmp_path):
    return write(tmp_path / "published.csv", PUBLISHED)


@pytest.mark.parametrize(("experiment", "cell"), [("cifar10", r"\textbf{70.00} (68.63)"), (None, r"\textbf{70.00}")])
def test_published_robustness_stands_beside_ours_where_there_is_one(tmp_path, published, experiment, cell):
    inputs = SimpleNamespace(results=robustness_files(tmp_path), stronger=[], published=published)
    table = robustness.table_robustness(inputs, SimpleNamespace(published=experiment))
    assert f"$0.5$ & 0.00 & {cell} \\\\" in table.latex()
    assert (r"\quad library, PGD-100, CIFAR-10 & -- & 68.61 \\" in table.latex()) == bool(experiment)
    assert "0.5,1,0.7," + ("0.6863" if experiment else "") + ",PGD-20,l2,test,10" in table.csv()


def stronger_files(folder):
    spec = {"attacks": ["apgd-ce", "apgd-t"], "steps": 30, "targets": 4, "queries": 1}
    protocol = {"attack": "APGD-CE and APGD-T", "norm": "l2", "images": "test", "n": 100, **spec}
    return [
        write(
            folder / f"autoattack/eps{eps}.json",
            {"eps_train": eps, "protocol": protocol, "accuracy": {"0.5": after}, "pgd": {"0.5": before}},
        )
        for eps, before, after in ((0, 0.0, 0.0), (1, 0.7, 0.45))
    ]


def test_stronger_attacks_have_a_row_below_that_of_pgd_and_an_interval(tmp_path, published):
    inputs = SimpleNamespace(results=robustness_files(tmp_path), stronger=stronger_files(tmp_path), published=published)
    table = robustness.table_robustness(inputs, SimpleNamespace(published=None))
    assert [row[0] for row in table.body] == ["$0$", "$0.5$", r"\quad APGD-CE and APGD-T"]
    assert table.body[-1][1:] == ["0.00", r"\textbf{45.00}"]
    low, high = binomtest(45, 100).proportion_ci(method="wilson")
    (record,) = (r for r in table.records if r["n"] == 100 and r["eps_train"] == 1)
    assert record["attack"] == "APGD-CE and APGD-T" and (record["low"], record["high"]) == pytest.approx((low, high), rel=1e-6)
    assert wilson(0.0, 10)[0] == 0 and wilson(1.0, 10)[1] == pytest.approx(1)


def test_the_sentence_says_where_pgd_overstates_robustness_most(tmp_path):
    said = robustness.numbers_stronger(SimpleNamespace(stronger=stronger_files(tmp_path)), SimpleNamespace(steps=20))
    assert "PGD-20 overstates robustness by up to 25.0 points" in said["sayStronger"]
    assert r"trained at 1 is right on 70.0\% of 100 test images after PGD-20, and on 45.0\%" in said["sayStronger"]
    assert "APGD-CE and APGD-T (30 steps and 4 targets) on 100 test images" in said["strongerRows"]
    none = robustness.numbers_stronger(SimpleNamespace(stronger=[]), SimpleNamespace(steps=20))
    assert none == {"strongerRows": "", "sayStronger": ""}


def test_published_quality_has_a_line_of_its_own(tmp_path, published):
    floor = write(tmp_path / "floor.json", {"images": "train", "protocol": PROTOCOL, **measured(3.0)})
    files = metrics(tmp_path, "ddpm", {0: (15.0,)})
    inputs = SimpleNamespace(metrics=files, floor=floor, published=published)
    columns = ["is", "fid", "precision", "recall"]
    rows = "".join(f"cifar10,unconditional,ddpm,{c},16.49,CIFAR-10,Thesis\n" for c in columns)
    write(tmp_path / "published.csv", PUBLISHED + rows)
    params = SimpleNamespace(published="cifar10", variants={"ddpm": {"label": "DDPM", "steps": 5}})
    text = unguided.table_unconditional(inputs, params).latex()
    assert r"\quad reported, CIFAR-10 &  & 16.49 & 16.49 & 16.49 & 16.49 & -- \\" in text
    assert "FID (200/train)" in text and r"& $15.00$ \\" in text


def test_the_first_samples_at_a_scale_come_from_the_shard_that_holds_it(tmp_path):
    images = np.arange(3 * 4, dtype=np.uint8).reshape(3, 1, 2, 2)
    for scale in (1, 4, 16):
        save_arrays(tmp_path / f"samples/v/{scale}/0.npz", {"images": images + scale})
    paths = list(map(str, tmp_path.glob("samples/v/*/0.npz")))
    assert (first_samples(paths, "v", 4.0, 2) == images[:2] + 4).all()
    with pytest.raises(ValueError, match="0.npz holds 3 samples where 4"):
        first_samples(paths, "v", 16, 4)


def test_the_drawn_schedulers_are_those_of_the_guidance():
    from energyguide.diffusion.schedule import linear_schedule
    from energyguide.diffusion.units import sigmoid
    from energyguide.studies.units import curves

    given = {"y0": 0.1, "k": 0.01, "t0": 500}
    drawn, schedule = curves({"steps": 1000, "beta_start": 1e-4, "beta_end": 0.02}, [given]), linear_schedule()
    assert np.allclose(drawn["standard"], (1 - schedule.abar).sqrt()) and np.allclose(drawn["sigma"], schedule.sigma("small"))
    assert np.allclose(drawn["sigmoid"], [[sigmoid(t, **given) for t in range(1000)]])


def test_a_number_is_printed_with_the_standard_deviation_of_its_sets():
    assert plus_minus([0.25, 0.75], 1, 100) == r"$50.0 \pm 35.4$"


def samples(folder, variants):
    """`Samples` of variants: name -> (block, scales)."""
    blocks = {name: {"label": name.upper(), "model": "m", **block} for name, (block, _) in variants.items()}
    files = [path for name, (_, scales) in variants.items() for path in metrics(folder, name, scales)]
    floor = write(folder / "floor.json", {"images": "train", "protocol": PROTOCOL, **measured(1.0)})
    models = {"m": {"p_uncond": 1}}
    params = SimpleNamespace(title="tests", models=models, variants=blocks, baseline="free", energy_classifier="eps1")
    params.classifiers = {"eps1": {"kind": "classifier", "eps_train": 1}}
    return Samples(SimpleNamespace(metrics=files, floor=floor), params)


FREE = ({"guidance": "unguided", "sampler": "ddpm", "steps": 5}, {0: (5.0, 0.1)})


def energy(**more):
    return {"guidance": "energy", "unit": "sigmoid", "classifier": "eps1", **more}


@pytest.mark.parametrize(("after", "verb"), [(0.2, "narrows"), (1.0, "does not measurably change"), (3.0, "widens")])
def test_the_sentence_on_dE_follows_the_measurement(tmp_path, after, verb):
    found = samples(
        tmp_path,
        {
            "free": FREE,
            "before": (energy(), {1: (4.0, 0.9, 1.0)}),
            "after": (energy(guidance="joint", **{"lambda": 0.5}), {1: (4.0, 0.9, after)}),
        },
    )
    assert verb in energy_guidance.numbers_joint(found, {"sigmoid": "before", "joint": "after"})["sayJoint"]


def test_the_sentence_on_scales_counts_rises_peaks_and_least_fid(tmp_path):
    found = samples(
        tmp_path,
        {
            "free": FREE,
            "rising": (energy(), {1: (2.0, 0.5), 2: (3.0, 0.9)}),
            "peaked": (energy(), {1: (3.0, 0.5), 2: (2.0, 0.9), 4: (4.0, 0.6)}),
            "broken": (energy(), {1: (3.0, 0.05), 2: (2.0, 0.9)}),
        },
    )
    said = guidance.numbers_scales(found)["sayScales"]
    assert "in 2 of the 3 variants" in said and "in 1 the largest" in said and "smallest scale tried in 1." in said


def test_sentences_without_their_variants_say_so(tmp_path):
    found = samples(tmp_path, {"free": FREE, "one": (energy(), {1: (2.0, 0.5)})})
    assert "in this experiment" in guidance.numbers_plain_against_robust(found)["sayPlainRobust"]
    alone = {"standard": None, "sigmoid": "one"}
    assert "in this experiment" in energy_guidance.numbers_schedulers(found, alone)["saySchedulers"]
    assert r"DDPM has an FID$_\infty$" in unguided.numbers_unguided(found)["sayUnconditional"]


def test_published_numbers_are_compared_cell_by_cell(tmp_path, published):
    inputs = SimpleNamespace(robustness=robustness_files(tmp_path), published=published)
    said = robustness.numbers_published(inputs, SimpleNamespace(published="cifar10"))["sayPublished"]
    assert "1 cells" in said and "1.4 points" in said
