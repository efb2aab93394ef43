from dataclasses import replace

import numpy as np
import pytest
import torch
import torch_fidelity
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

from energyguide.classifiers.energy import energy
from energyguide.data.dataset import Dataset
from energyguide.data.splits import half
from energyguide.metrics.features import ClassifierFeatures, extract, inception
from energyguide.metrics.frechet import frechet, moments
from energyguide.metrics.quality import Reference, energy_divergence, is_splits, joint_distance, quality
from energyguide.metrics.samples import Evaluation, measure_reference, real_sets
from energyguide.nets import weights as files
from energyguide.nets.resnet import CifarResNet

ARGUMENTS = {"channels": 1, "classes": 3, "block": "basic", "layers": (1, 1), "width": 8}


def compared_with(features):
    """A `Reference` of features alone: of one class."""
    images = features, torch.zeros(len(features), dtype=torch.int64)
    return Reference.of(images, features, images, 1)


class Images(torch.utils.data.Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i]


@pytest.fixture
def judge():
    torch.manual_seed(0)
    model = CifarResNet(**ARGUMENTS).eval().requires_grad_(False)
    model.fc.bias -= model(torch.rand(200, 1, 6, 6)).mean(0)  # so that all classes are predicted
    return model


@pytest.fixture
def pictures(generator):
    """Two sets of uint8 images that overlap."""
    first, second = (torch.rand(n, 1, 6, 6, generator=generator) for n in (120, 150))
    return (first * 255).byte(), ((0.8 * second + 0.1) ** 1.1 * 255).byte()


def test_quality_equals_torch_fidelity(judge, pictures, monkeypatch):
    class Judge(ClassifierFeatures):
        def __init__(self, name, features_list, **kwargs):
            super().__init__(name, features_list, judge)

    monkeypatch.setitem(FEATURE_EXTRACTORS_REGISTRY, "judge", Judge)
    theirs = torch_fidelity.calculate_metrics(
        input1=Images(pictures[0]),
        input2=Images(pictures[1]),
        isc=True,
        isc_splits=is_splits(len(pictures[0])),
        fid=True,
        prc=True,
        feature_extractor="judge",
        cuda=False,
        cache=False,
        save_cpu_ram=True,  # no worker processes
        verbose=False,
    )
    extractor = ClassifierFeatures("judge", ["penultimate", "logits"], judge)
    (generated, logits), (reference, _) = (extract(extractor, images, "cpu", batch=50) for images in pictures)
    ours = quality(generated, logits, compared_with(reference))
    assert 0 < ours["precision"] < 1 and 0 < ours["recall"] < 1 and ours["is"] > 1 and ours["fid"] > 0
    for key, name in (
        ("fid", torch_fidelity.KEY_METRIC_FID),
        ("is", torch_fidelity.KEY_METRIC_ISC_MEAN),
        ("precision", torch_fidelity.KEY_METRIC_PRECISION),
        ("recall", torch_fidelity.KEY_METRIC_RECALL),
    ):
        assert ours[key] == pytest.approx(theirs[name], rel=1e-6, abs=1e-6), key


def test_features_are_those_of_the_classifier(judge, pictures):
    features, logits = extract(ClassifierFeatures("judge", ["penultimate", "logits"], judge), pictures[0], "cpu", batch=50)
    x = pictures[0].float() / 255
    torch.testing.assert_close(features, judge.features(x))
    torch.testing.assert_close(logits, judge(x))


def test_fid_is_the_frechet_distance(generator):
    """Of two sets that differ by a shift and a scale along each axis, exactly: |m1 - m2|^2 + (s1 - s2)^2."""
    x = torch.randn(500, 4, generator=generator, dtype=torch.float64)
    q, _ = torch.linalg.qr(x - x.mean(0))
    x = q * 499**0.5  # mean 0, covariance 1
    scale, shift = torch.tensor([1.0, 2, 0.5, 1]), torch.tensor([0, 1.0, 0, 3])
    expected = (shift**2 + (scale - 1) ** 2).sum().item()
    assert frechet(moments(x * scale + shift), moments(x)) == pytest.approx(expected, rel=1e-6)
    assert frechet(moments(x), moments(x)) == pytest.approx(0, abs=1e-6)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(2, 30), st.integers(2, 12), st.floats(1e-3, 1e3), st.integers(0, 2**16))
def test_the_distance_of_a_set_from_itself_is_not_below_0(images, size, spread, seed):
    x = spread * torch.rand(images, size, generator=torch.Generator().manual_seed(seed))
    found = frechet(moments(x), moments(x[torch.randperm(images, generator=torch.Generator().manual_seed(seed))]))
    assert 0 <= found <= 1e-4 * spread**2
    lost = replace(moments(x), mu=moments(x).mu * float("nan"))
    assert not frechet(lost, moments(x)) >= 0  # what is not a number stays none


def test_sets_of_few_images_are_measured_or_refused_in_one_line():
    x = torch.rand(20, 5, generator=torch.Generator().manual_seed(0))
    for n in range(8):
        if n < 2:
            with pytest.raises(ValueError, match=f"a set of {n} images has no covariance, which the FID needs; add images"):
                moments(x[:n])
        elif n < 4:
            for generated, reference in ((x, x[:n]), (x[:n], x)):
                with pytest.raises(ValueError, match=f"a set has {n} images, and precision and recall need 4; add images, or"):
                    quality(generated, generated, compared_with(reference))
        else:
            assert quality(x[:n], x[:n], compared_with(x[:n]))["precision"] == 1


def test_precision_is_of_the_generated_and_recall_of_the_real(generator):
    """Images of one mode out of two are precise, and recall half."""
    near, far = torch.randn(100, 2, generator=generator), torch.randn(100, 2, generator=generator) + 100
    found = quality(near.flip(0), near, compared_with(torch.cat([near, far])))
    assert (found["precision"], found["recall"]) == (1, 0.5)


def test_joint_distance_sees_wrong_labels(generator):
    labels = torch.arange(600) % 3
    real, made = (torch.randn(600, 4, generator=generator) + 2 * labels[:, None] for _ in range(2))
    reference = Reference.of((real, labels), real, (real, labels), 3)
    right = joint_distance(made, labels, reference)
    shuffled = joint_distance(made, labels[torch.randperm(600, generator=generator)], reference)
    assert frechet(moments(made), reference.moments) - 1e-9 <= right < 1 < shuffled


def test_energy_divergence_is_the_shift_between_energies(generator):
    x = torch.randn(50, generator=generator)
    assert energy_divergence(x + 2, x[torch.randperm(50, generator=generator)]) == pytest.approx(2, rel=1e-5)
    other = torch.randn(70, generator=generator).exp()
    assert energy_divergence(x, other) == pytest.approx(wasserstein_distance(x.numpy(), other.numpy()), rel=1e-6)


def test_judgement_of_sets(judge, tmp_path, pictures):
    """Of the reference itself: distances near 0, and the classes that the judge sees are all right."""
    path = tmp_path / "judge.safetensors"
    files.save(path, judge.state_dict(), "resnet.CifarResNet", ARGUMENTS)
    logits = judge(pictures[1].float() / 255)
    seen, images = logits.argmax(1), pictures[1].numpy()
    splits = ("train", "val", "test")
    data = Dataset(tuple("abc"), dict.fromkeys(splits, images), dict.fromkeys(splits, seen.numpy()))
    spec, device = {"features": "judge", "reference": "test"}, torch.device("cpu")
    measure_reference(data, path, spec, device, seed=0).save(tmp_path / "reference.npz")
    evaluation = Evaluation(Reference.load(tmp_path / "reference.npz"), path, path, energy(logits).numpy(), spec, device)
    found = evaluation.of([pictures[1], pictures[0]], [seen, seen[:120]])
    assert found["accuracy"][0] == 1 > found["accuracy"][1]
    for key in ("fid", "energy_divergence"):
        assert abs(found[key][0]) < 1e-4 < found[key][1]
    for key in ("fjd_train", "kid"):  # of one half alone, and of pairs of different images
        assert found[key][0] < found[key][1]
    assert len(found["fid_infinity"]) == 2
    assert found["energy"]["n"] == 270
    assert evaluation.of([pictures[1]], [seen])["fid_all_train"] == pytest.approx([0], abs=1e-4)
    asked = torch.arange(len(pictures[0])) % 3
    halves = [pictures[0][:50], pictures[0][50:100]], [asked[:50], asked[50:100]]
    whole = [pictures[0][:100]], [asked[:100]]
    together = [evaluation.of(*sets)["fid_all_train"][0] for sets in (whole, halves)]
    assert together[0] == pytest.approx(together[1]) and together[0] > 0.01
    first, second = evaluation.of(*halves)["accuracy"]
    right = judge(pictures[0][:100].float() / 255).argmax(1) == asked[:100]
    assert (first, second) == pytest.approx((right[:50].float().mean().item(), right[50:].float().mean().item()))
    assert evaluation.protocol(100, 2)["features"] == "classifier features"


def numbered():
    """A `Dataset` each of whose images says which it is: its split and its number."""
    labels = {split: np.arange(count) % 3 for split, count in {"train": 100, "val": 30, "test": 62}.items()}
    images = {s: np.array([[i, n] for n in range(len(y))], np.uint8)[..., None, None] for i, (s, y) in enumerate(labels.items())}
    return Dataset(tuple("abc"), images, labels)


@pytest.mark.parametrize(("reference", "compared"), [("test", [2]), ("train", [0, 1])])
def test_images_that_are_compared_are_new_to_the_judge_or_all_original_ones(judge, monkeypatch, reference, compared):
    """What stands for features is the images themselves."""
    data = numbered()
    monkeypatch.setattr("energyguide.metrics.samples.load", lambda *where: judge)
    monkeypatch.setattr("energyguide.metrics.samples.extract", lambda network, images, device: (images.flatten(1).float(), None))
    found = measure_reference(data, None, {"features": "judge", "reference": reference}, "cpu", seed=5)
    everything = {s: torch.from_numpy(data.images[s]).flatten(1).float() for s in data.images}
    original = torch.cat([everything["train"], everything["val"]])
    assert found.features[:, 0].unique().tolist() == compared
    np.testing.assert_allclose(found.train.mu, original.mean(0), rtol=1e-6)
    unseen = everything["train"][~half(data.labels["train"], 5)]
    np.testing.assert_allclose(found.joint.mu[:2], unseen.mean(0), rtol=1e-6)
    assert found.classes == 3 and len(unseen) in (49, 50, 51)


@pytest.mark.parametrize(("reference", "split"), [("test", "train"), ("train", "test")])
def test_real_sets_are_new_to_judge_and_reference_and_treated_as_samples_are(reference, split):
    data = numbered()
    images, labels, name = real_sets(data, reference, samples=20, sets=5, seed=5)
    assert name == split and [len(part) for part in images] == [20, 20] + [20] * (split == "test")
    every = torch.cat(images)[:, :, 0, 0]
    assert len(every.unique(dim=0)) == len(every) and set(every[:, 0].tolist()) == {{"train": 0, "test": 2}[split]}
    assert torch.cat(labels).tolist() == (torch.arange(len(every)) % 3).tolist() == (every[:, 1] % 3).tolist()
    if split == "train":
        assert not half(data.labels["train"], 5)[every[:, 1]].any()
    (few,), _, _ = real_sets(data, reference, samples=100, sets=5, seed=5)
    assert len(few) == {"train": 48, "test": 60}[split]


def test_inception_is_checked_before_it_is_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="metrics.inception"):
        inception(tmp_path / "none.pth")
    (tmp_path / "other.pth").write_bytes(b"something else")
    with pytest.raises(ValueError, match="other.pth is not torch-fidelity's Inception"):
        inception(tmp_path / "other.pth")
