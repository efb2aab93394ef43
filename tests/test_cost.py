"""What is reckoned beforehand is what the networks then do."""

import pytest
import torch
from project import resolved
from torch.utils.flop_counter import FlopCounterMode

from energyguide.diffusion.denoisers.diffusion import with_process
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.sampling import Request, sample
from energyguide.nets.resnet import CifarResNet
from energyguide.run import cost
from energyguide.training.classifier import ClassifierObjective


@pytest.fixture(scope="module")
def tiny():
    return resolved()


@pytest.mark.parametrize("name", ["joint", "time-vanilla", "eps0"])
@pytest.mark.parametrize("kind", ["training", "forward"])
def test_a_pass_has_the_operations_that_torch_counts(tiny, name, kind):
    passes = cost.Passes(tiny)
    model = passes.build(name)
    with FlopCounterMode(display=False) as counter:
        cost.PASSES[kind](model, torch.rand(1, *passes.shape), model)
    assert passes.of(name, kind) == pytest.approx(counter.get_total_flops(), rel=0.02)  # attention on a CPU is not seen by it


def test_a_gradient_by_the_image_costs_less_than_one_by_the_parameters(tiny):
    passes = cost.Passes(tiny)
    assert passes.of("eps0", "forward") < passes.of("eps0", "gradient") < passes.of("eps0", "training")


@pytest.mark.parametrize("variant", ["ddpm", "classifier-free", "energy-sigmoid", "time-robust"])
def test_sampling_takes_what_was_reckoned(tiny, variant):
    passes, one = cost.Passes(tiny), tiny.variants[variant].but(scales=tiny.variants[variant].scales[:1])
    spec, work = one.dump(), cost.sampling(tiny, passes, [one])
    batch = tiny.sampling.total
    classifier = passes.build(spec["classifier"]).requires_grad_(False) if "classifier" in spec else None

    def logits(x, t):
        return classifier(*cost.inputs(classifier, x))

    models, network = Models(logits, torch.zeros(10), 10), passes.build(spec["model"])
    shape, device = tuple(passes.shape), torch.device("cpu")
    with cost.Operations() as counter:
        request = Request(range(batch), shape, 10, 0, device)
        sample(with_process(network, tiny.process.dump()), request, spec, spec["scales"][0], models)
    expected, gradients = sum(work.values()), work["gradient"] / one.steps  # the last DDPM step has no sigma
    assert expected - 1.01 * gradients <= counter.total <= expected


def test_adversarial_training_takes_what_was_reckoned(tiny):
    passes, spec = cost.Passes(tiny), tiny.classifiers
    released = {name: {"file": "a", "sha256": "0" * 64, "format": "plain"} for name in ("eps0", "judge")}
    expected = sum(cost.training(resolved(weights=released), passes)["classifier"].values())
    batch, network = spec.training.batch, CifarResNet(**tiny.networks["eps0.5"].arguments)
    objective = ClassifierObjective(network, 0.5, spec.attack.dump(), spec.augment.dump(), None, torch.device("cpu"))
    with cost.Operations() as counter:
        objective.loss(*objective.batch(torch.rand(batch, *passes.shape), torch.arange(batch) % 10)).backward()
    assert counter.total * spec.training.steps == pytest.approx(expected, rel=0.05)


def test_twice_the_samples_cost_twice_as_much_and_training_the_same(tiny):
    images, more = tiny.data.images(), resolved(sampling={"seeds": 2 * tiny.sampling.seeds})
    one, two = (cost.operations(experiment, images) for experiment in (tiny, more))
    for rule in ("sample", "metrics"):
        assert sum(two[rule].values()) == pytest.approx(2 * sum(one[rule].values()))
    assert all(two[rule] == one[rule] for rule in ("diffusion", "classifier", "time_classifier", "robustness", "reference"))
    assert cost.disk(more, images)["sample"] == 2 * cost.disk(tiny, images)["sample"]


def test_hours_are_operations_over_rates(tiny):
    images, speed = tiny.data.images(), dict.fromkeys(cost.PASSES, 1e9)
    found = {row["rule"]: row for row in cost.records(tiny, images, {"data": 1, "diffusion": 3, "sample": 40}, speed)}
    assert found["diffusion"]["hours"] == pytest.approx(found["diffusion"]["petaflop"] * 1e6 / 3600)
    assert found["data"]["petaflop"] is None and found["data"]["megabytes"] == pytest.approx(1797 * 64 / 1e6)
    assert all(list(row) == cost.COLUMNS for row in found.values())
    assert "total" in (text := cost.as_text(list(found.values()), speed)) and "1 in training" in text
    assert all(rate > 0 for rate in cost.rates(tiny, torch.device("cpu"), rounds=1).values())


def test_a_part_of_the_images_is_counted_as_it_is_used(tiny):
    part = resolved(data={"per_class": {"train": 100, "test": 20}, "held_out": 0.1})
    assert part.data.images() == {"train": 900, "val": 100, "test": 200}
