"""What is reckoned beforehand is what the networks then do."""

import pytest
import torch
from project import resolved
from torch.utils.flop_counter import FlopCounterMode

from energyguide.classifiers.attacks import L2
from energyguide.classifiers.autoattack import worst_case
from energyguide.classifiers.robustness import accuracy
from energyguide.diffusion.denoisers.diffusion import with_process
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.sampling import Request, sample
from energyguide.nets.counting import PASSES, Memory, Operations, counted, inputs
from energyguide.nets.resnet import CifarResNet
from energyguide.run import cost, memory, operations
from energyguide.training.classifier import ClassifierObjective


@pytest.fixture(scope="module")
def tiny():
    return resolved()


@pytest.mark.parametrize("name", ["joint", "time-vanilla", "eps0"])
@pytest.mark.parametrize("kind", ["training", "forward"])
def test_a_pass_has_the_operations_that_torch_counts(tiny, name, kind):
    passes = operations.Passes(tiny)
    model = passes.build(name)
    with FlopCounterMode(display=False) as counter:
        PASSES[kind](model, torch.rand(1, *passes.shape), model)
    assert passes.of(name, kind) == pytest.approx(counter.get_total_flops(), rel=0.02)  # attention on a CPU is not seen by it


def test_a_gradient_by_the_image_costs_less_than_one_by_the_parameters(tiny):
    passes = operations.Passes(tiny)
    assert passes.of("eps0", "forward") < passes.of("eps0", "gradient") < passes.of("eps0", "training")


@pytest.mark.parametrize("variant", ["ddpm", "classifier-free", "energy-sigmoid", "time-robust"])
@pytest.mark.parametrize("interval", [None, [200, 700]])
def test_sampling_takes_what_was_reckoned(tiny, variant, interval):
    passes, one = operations.Passes(tiny), tiny.variants[variant].but(scales=[0.5], strengths=None, interval=interval)
    one = one if one.guided else one.but(scales=[0])
    spec, parts = one.dump(), operations.sampling(tiny, passes, [one])
    batch = tiny.sampling.total
    classifier = passes.build(spec["classifier"]).requires_grad_(False) if "classifier" in spec else None

    def logits(x, t):
        return classifier(*inputs(classifier, x))

    models, network = Models(logits, {"E(x,y)": torch.zeros(10)}, 10), passes.build(spec["model"])
    shape, device = tuple(passes.shape), torch.device("cpu")
    with Operations() as counter:
        request = Request(range(batch), shape, 10, 0, device)
        sample(with_process(network, tiny.process.dump()), request, spec, spec["scales"][0], models)
    expected, gradients = sum(parts.values()), parts["gradient"] / one.steps  # the last DDPM step has no sigma
    assert expected - 1.01 * gradients <= counter.total <= expected


def test_adversarial_training_takes_what_was_reckoned(tiny):
    passes, spec = operations.Passes(tiny), tiny.classifiers
    released = {name: {"file": "a", "sha256": "0" * 64, "format": "plain"} for name in ("eps0", "judge")}
    expected = sum(operations.training(resolved(weights=released), passes)["classifier"].values())
    batch, network = spec.training.batch, CifarResNet(**tiny.networks["eps0.5"].arguments)
    objective = ClassifierObjective(network, 0.5, spec.attack.dump(), spec.augment.dump(), None, torch.device("cpu"))
    with Operations() as counter:
        objective.loss(*objective.batch(torch.rand(batch, *passes.shape), torch.arange(batch) % 10)).backward()
    assert counter.total * spec.training.steps == pytest.approx(expected, rel=0.05)


def test_the_ensemble_of_attacks_takes_at_most_what_was_reckoned_and_that_where_none_is_fooled(tiny):
    spec, passes = tiny.robustness.autoattack, operations.Passes(tiny)
    x, count = torch.rand(spec.images, *passes.shape), len(tiny.robustness.eps_test) - 1
    expected = operations.attacking(tiny, passes, ["eps0"], 359)
    model = passes.build("eps0")
    y = model.requires_grad_(False)(x).argmax(1)
    with Operations() as counter:
        worst_case(model, x, y, L2(1e-6), spec.dump(), 0)
        accuracy(model, x, y, L2(1e-6), tiny.robustness.steps)
    assert counter.total == pytest.approx(
        sum(expected.values()) / count, rel=0.25
    )  # of few steps, with the looks between attacks


def test_twice_the_samples_cost_twice_as_much_and_training_the_same(tiny):
    images, more = tiny.data.images(), resolved(sampling={"sets": 2 * tiny.sampling.sets})
    one, two = (operations.operations(experiment, images) for experiment in (tiny, more))
    for rule in ("sample", "metrics"):
        assert sum(two[rule].values()) == pytest.approx(2 * sum(one[rule].values()))
    assert all(two[rule] == one[rule] for rule in ("diffusion", "classifier", "time_classifier", "robustness", "reference"))
    assert cost.disk(more, images)["sample"] == 2 * cost.disk(tiny, images)["sample"]


def test_hours_are_operations_over_rates(tiny):
    images, speed = tiny.data.images(), dict.fromkeys(PASSES, 1e9)
    found = {row["rule"]: row for row in cost.records(tiny, images, {"data": 1, "diffusion": 3, "sample": 40}, speed)}
    assert found["diffusion"]["hours"] == pytest.approx(found["diffusion"]["petaflop"] * 1e6 / 3600)
    assert found["data"]["petaflop"] is None and found["data"]["megabytes"] == pytest.approx(1797 * 64 / 1e6)
    assert all(list(row) == cost.COLUMNS for row in found.values())
    assert "total" in (text := cost.as_text(list(found.values()), speed)) and "1 in training" in text
    assert all(rate > 0 for rate in cost.rates(tiny, torch.device("cpu"), rounds=1).values())


def test_a_part_of_the_images_is_counted_as_it_is_used(tiny):
    part = resolved(data={"per_class": {"train": 100, "test": 20}, "held_out": 0.1})
    assert part.data.images() == {"train": 900, "val": 100, "test": 200}


def test_memory_is_what_is_held_at_once():
    """By hand: of 100 layers of 10 x 10 numbers, without gradients two activations are held; for gradients all of them."""

    def build():
        return torch.nn.Sequential(torch.nn.Flatten(), *(torch.nn.Linear(10, 10, bias=False) for _ in range(100)))

    parameters, activation = 4 * 100 * 100, 4 * 1000 * 10
    most = {kind: counted(Memory(), build, kind, 1000, (10,)).most for kind in ("forward", "training", "gradient")}
    assert most["forward"] == pytest.approx(parameters + 3 * activation, rel=0.01)  # the images, and two activations
    assert most["training"] == pytest.approx(2 * parameters + 101 * activation, rel=0.03)  # a layer needs what it was given
    assert most["gradient"] < most["training"]  # a linear layer's gradient by its input needs its weights alone


@pytest.mark.parametrize("name", ["joint", "eps0"])
def test_memory_grows_with_the_batch_and_training_holds_most(tiny, name):
    passes = operations.Passes(tiny)
    one, two, three = (passes.memory(name, "training", batch) for batch in (10, 20, 30))
    assert three - two == pytest.approx(two - one, rel=0.05) and two > one
    assert one > 2 * 4 * passes.parameters(name)
    assert passes.memory(name, "forward", 10) < passes.memory(name, "gradient", 10) < one


def test_the_largest_job_of_a_rule_needs_its_optimiser_and_its_images(tiny):
    images, passes = tiny.data.images(), operations.Passes(tiny)
    found, batch = memory.memory(tiny, images), tiny.diffusion.training.batch
    joint = passes.memory("joint", "training", batch) + 3 * 4 * passes.parameters("joint")  # two moments, and the average
    assert found["diffusion"] == joint + 4 * 64 * images["train"]  # which of the three has most parameters: classes
    assert found["ddgan"] > found["diffusion"] > found["energy"] > 0
    more = resolved(sampling={"batch": 2 * tiny.sampling.batch})
    assert memory.memory(more, images)["sample"] > 1.5 * found["sample"]
    twice = tiny.sampled["classifier-free"]
    assert memory.of_sampling(tiny, passes, twice) == passes.memory("joint", "forward", 2 * tiny.sampling.batch)


def test_the_paper_s_experiment_fits_a_gpu_and_its_table_says_so():
    experiment = resolved("cifar10", ddgan=None, modes=None)
    rows = cost.records(
        experiment, experiment.data.images(), {"diffusion": 3, "sample": 2, "figure": 1}, dict.fromkeys(PASSES, 1e12)
    )
    assert 3 < rows[0]["gpu_gigabytes"] < 40 and rows[2]["gpu_gigabytes"] is None
    text = cost.as_text(rows, dict.fromkeys(PASSES, 1e12)).splitlines()
    assert text[0].split() == cost.COLUMNS and text[4].split()[-1] == text[2].split()[-1]  # the total is the most
    assert text[3].split() == ["figure", "1"]
