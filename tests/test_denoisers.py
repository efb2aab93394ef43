"""Denoisers and classifiers from files: each kind is a module that is found by its name."""

from inspect import signature

import pytest
import torch
from torch import nn

from energyguide.classifiers.load import load_classifier
from energyguide.config.names import modules
from energyguide.data.noise import fold, normal
from energyguide.diffusion.denoiser import load_denoiser
from energyguide.diffusion.denoisers.vdm import schedule_at
from energyguide.diffusion.guides import find_guidance
from energyguide.diffusion.hooks import Guidance, Models
from energyguide.diffusion.schedule import linear_schedule, schedule_of
from energyguide.nets.weights import architecture_of, build, save

CPU = torch.device("cpu")
PROCESS = {"steps": 100, "beta_start": 1e-3, "beta_end": 0.1}
SPEC = {"steps": 5, "spacing": "trailing"}
UNET = {"channels": 1, "size": 8, "width": 8, "multipliers": [1, 2], "blocks": 1, "attention": [], "dropout": 0.0}
NETWORKS = {
    "diffusion": ("unet.UNet", UNET | {"classes": 3}),
    "vdm": ("vdm.VDM", UNET | {"gamma": [-8.0, 4.0], "fourier": [1]}),
    "ddgan": ("ddgan.Generator", UNET | {"latent": 4}),
}


def saved(path, architecture, arguments):
    """A network whose zero layers got weights too, written to a file; it is returned in evaluation mode."""
    torch.manual_seed(0)
    model = build(architecture, arguments)
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.2)
    save(path, model.state_dict(), architecture, arguments)
    assert architecture_of(path) == architecture
    return model.eval()


@pytest.fixture(params=NETWORKS)
def kind(request):
    return request.param


@pytest.fixture
def loaded(tmp_path, kind):
    """The network of a kind, and the denoiser that its file gives."""
    model = saved(tmp_path / "m.safetensors", *NETWORKS[kind])
    return model, load_denoiser(kind, tmp_path / "m.safetensors", PROCESS, CPU)


def test_every_kind_is_loaded_here_and_is_one_that_an_experiment_may_have():
    assert modules("diffusion/denoisers") == sorted(NETWORKS)


def test_the_network_is_that_of_the_file(kind, loaded, generator):
    model, denoiser = loaded
    x, t = torch.randn(3, 1, 8, 8, generator=generator), torch.tensor([0, 40, 99])
    last = torch.randn(3, 4, generator=generator) if kind == "ddgan" else torch.tensor([0, 2, 1]) if kind == "diffusion" else None
    with torch.no_grad():
        torch.testing.assert_close(denoiser.network(x, t, last), model(x, t, last), rtol=1e-4, atol=1e-5)
        assert not torch.equal(model(x, t, last), model(x, t, None if last is None else last.flip(0))) or last is None


def test_the_schedule_is_fixed_or_learned(kind, loaded):
    model, denoiser = loaded
    schedule = denoiser.schedule(SPEC)
    if kind == "vdm":
        expected = schedule_at(model, torch.tensor([0.2, 0.4, 0.6, 0.8, 1.0]))
        assert denoiser.learned.state_dict().keys() == model.state_dict().keys()
    else:
        expected = schedule_of(PROCESS, SPEC)
        assert denoiser.learned is None
    assert torch.equal(schedule.abar, expected.abar) and torch.equal(schedule.timesteps, expected.timesteps)


def test_levels_are_one_more_than_steps_from_the_clean_end_to_the_noisy_one(kind, loaded):
    model, denoiser = loaded
    if kind == "ddgan":
        assert denoiser.levels is None
    elif kind == "vdm":
        low, high = torch.sigmoid(-model.gamma(torch.tensor([0.0, 1.0])).double())
        assert len(denoiser.levels(7)) == 8
        torch.testing.assert_close(denoiser.levels(7).abar[[0, -1]], torch.stack([low, high]).detach())
    else:
        assert torch.equal(denoiser.levels(7).abar[[0, -1]], linear_schedule(**PROCESS).abar[[0, -1]])
        assert len(denoiser.levels(7)) == 8


def test_only_a_generator_needs_guidance_of_its_own_which_draws_its_latents(kind, loaded):
    _, denoiser = loaded
    if kind != "ddgan":
        assert denoiser.guidance is None
        return
    numbers, seen = torch.tensor([5, 2]), []
    guidance = denoiser.guidance(numbers, 7)
    assert isinstance(guidance, Guidance) and guidance.evaluations == (1, 0)
    x = torch.randn(2, 1, 8, 8)
    state = type("State", (), {"x_t": x, "timesteps": torch.tensor([9, 9]), "index": 3, "abar": 0.25})

    def network(x_t, t, z):
        seen.append(z)
        return torch.full_like(x_t, 0.5)

    eps = guidance.predict(network, state)
    assert torch.equal(seen[0], normal(fold(7, "latent"), numbers, 3, (4,)))
    torch.testing.assert_close(0.5 * 0.5 + 0.75**0.5 * eps, x)  # the noise that belongs to the predicted image


@pytest.mark.parametrize("name", modules("diffusion/guidance"))
def test_every_guidance_function_is_found_by_its_name_and_does_nothing_at_scale_0(name):
    """But that of two kinds together, whose scale is that of the energy alone."""
    spec = {"guidance": name, "unit": "standard", "at": "x_t", "w": 0.3, "lambda": 0.5, "target": "E(x)"}
    models = Models(lambda x, t: torch.stack([x.flatten(1).sum(1) * k for k in range(3)], dim=1), {"E(x)": torch.zeros(3)}, 3)
    guidance = find_guidance(spec, 0.0, models)
    state = type("State", (), {"x_t": torch.ones(2, 1, 2, 2), "t": 3, "y": torch.tensor([0, 1]), "abar": 0.5})
    assert isinstance(guidance, Guidance) and not torch.as_tensor(guidance.eps(state)).any()
    assert not torch.as_tensor(guidance.mean(state)).any()


@pytest.mark.parametrize("kind", ["diffusion/guidance", "diffusion/denoisers", "data/sources"])
def test_modules_that_are_found_by_name_are_alike(kind):
    from importlib import import_module

    function, arguments = {
        "diffusion/guidance": ("guidance", ["spec", "scale", "models"]),
        "diffusion/denoisers": ("load", ["path", "process", "device", "acceleration"]),
        "data/sources": ("read", ["spec"]),
    }[kind]
    assert len(modules(kind)) >= 3
    for name in modules(kind):
        module = import_module(f"energyguide.{kind.replace('/', '.')}.{name}")
        assert list(signature(getattr(module, function)).parameters) == arguments, name


@pytest.mark.parametrize(
    ("architecture", "arguments"),
    [
        ("resnet.CifarResNet", {"channels": 1, "classes": 3, "block": "basic", "layers": [1], "width": 4}),
        ("time_classifier.TimeClassifier", {**UNET, "classes": 3}),
    ],
)
def test_a_classifier_is_a_function_of_images_and_a_timestep(tmp_path, architecture, arguments, generator):
    """Images are in the scale of [-1, 1], whatever its network takes; one of images ignores the timestep."""
    model = saved(tmp_path / "c.safetensors", architecture, arguments)
    logits, x = load_classifier(tmp_path / "c.safetensors", CPU), torch.rand(4, 1, 8, 8, generator=generator)
    with torch.no_grad():
        early, late = logits(2 * x - 1, 3), logits(2 * x - 1, 90)
        if architecture.startswith("resnet"):
            torch.testing.assert_close(early, model(x))
            assert torch.equal(early, late)
        else:
            torch.testing.assert_close(early, model(2 * x - 1, torch.full((4,), 3)), rtol=1e-4, atol=1e-5)
            assert not torch.allclose(early, late, atol=1e-4)
