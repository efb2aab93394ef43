"""What is compiled on a GPU is one graph, compiled at most twice for changing batch sizes, and computes what it does uncompiled.

Here the graphs are those of `aot_eager`, forward and backward; the backend that makes kernels of them is tested with the system.
"""

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend

from energyguide.classifiers.attacks import BALLS, Attack
from energyguide.diffusion.guidance.classifier import guidance
from energyguide.diffusion.hooks import Models, State
from energyguide.diffusion.samplers import ddpm_mean, predict_x0
from energyguide.nets import device, resnet, time_classifier
from energyguide.nets.ddgan import Discriminator, Generator
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.time_classifier import TimeClassifier
from energyguide.nets.unet import UNet
from energyguide.nets.vdm import VDM

pytestmark = pytest.mark.system  # a minute

SMALL = {"width": 4, "multipliers": (1,), "blocks": 1, "attention": (4,), "dropout": 0.0}
LEVELS = SMALL | {"multipliers": (1, 1), "attention": (2,)}
BATCHES = 24, 16, 32  # on a CPU torch has another convolution below 16 images, and the groups of a GAN's batch need divisors


def images(n):
    return torch.rand(n, 1, 4, 4)


def timesteps(n):
    return torch.arange(n) * 7


NETWORKS = {  # how each is built, and its arguments for a batch size
    "unet": (lambda: UNet(1, 4, classes=10, **LEVELS), lambda n: (images(n), timesteps(n), torch.arange(n) % 10)),
    "vdm": (lambda: VDM(1, 4, **SMALL), lambda n: (images(n), timesteps(n).float())),
    "generator": (lambda: Generator(1, 4, latent=4, **SMALL), lambda n: (images(n), timesteps(n), torch.randn(n, 4))),
    "discriminator": (lambda: Discriminator(1, 4, 4, (1,)), lambda n: (images(n), images(n), timesteps(n))),
    "resnet": (lambda: CifarResNet(1, 10, "basic", (1, 1), 4), lambda n: (images(n),)),
    "time classifier": (lambda: TimeClassifier(1, 4, 10, **SMALL), lambda n: (images(n), timesteps(n))),
}


def built(name):
    """A network in evaluation mode, none of whose layers is zero."""
    torch.manual_seed(0)
    network = NETWORKS[name][0]().eval()
    for weight in network.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.1)
    return network


@pytest.fixture(params=["aot_eager", pytest.param("inductor", marks=pytest.mark.system)])
def backend(request):
    """A backend that counts how often it compiled a graph; without a C compiler the one that makes kernels is left out."""
    if request.param == "inductor" and not device.has_compiler():
        pytest.skip("no C compiler")
    torch._dynamo.reset()
    yield CompileCounterWithBackend(request.param)
    torch._dynamo.reset()


def compare(function, arguments, backend, most=2):
    """`function`, compiled in one graph, gives the same for each batch size; it is compiled once, and once for any size."""
    fast = torch.compile(function, fullgraph=True, backend=backend)
    for size in BATCHES:
        torch.manual_seed(size)
        given = arguments(size)
        for exact, compiled in zip(function(*given), fast(*given), strict=True):
            torch.testing.assert_close(compiled, exact, rtol=1e-5, atol=1e-5)
    assert 1 <= backend.frame_count <= most


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_one_graph(name, backend):
    """With its backward pass, where that does not take long."""
    network, arguments = built(name), NETWORKS[name][1]
    kernels = backend.backend == "inductor"
    most = len(BATCHES) if name == "discriminator" and kernels else 2  # its groups of images depend on the size of a batch
    with torch.set_grad_enabled(name == "resnet" or kernels):
        compare(lambda *given: (network(*given),), arguments, backend, most)


@pytest.fixture
def gradients():
    """Lets the compiler take a gradient into the graph, with which a whole step is one."""
    if not hasattr(torch._dynamo.config, "trace_autograd_ops"):
        pytest.skip("this torch compiles no gradient into a graph")
    with torch._dynamo.config.patch(trace_autograd_ops=True):
        yield


@pytest.mark.parametrize("name", ["resnet", pytest.param("time classifier", marks=pytest.mark.system)])
def test_a_guided_step_with_its_gradient_is_one_graph(name, backend, gradients):
    """One step of DDPM, guided by the gradient of a classifier."""
    unet, classifier = built("generator").requires_grad_(False), built(name).requires_grad_(False)
    module = resnet if name == "resnet" else time_classifier
    guide = guidance({"unit": "sigma", "at": "x_t"}, 1.5, Models(module.at_time(classifier), None, 10))

    def step(x, t, y):
        state = State(index=3, t=30, timesteps=t, abar=0.5, sigma=0.1, y=y, x_t=x)
        state.eps = unet(x, t)
        state.x0 = predict_x0(state, clip=True)
        return (ddpm_mean(state, 0.02, 0.6) + guide.mean(state),)

    with torch.no_grad():
        compare(step, lambda n: (images(n), torch.full((n,), 30), torch.arange(n) % 10), backend)


@pytest.mark.parametrize("norm", BALLS)
def test_a_step_of_an_attack_is_one_graph(norm, backend, gradients):
    classifier, how = (
        built("resnet").requires_grad_(False),
        {"targeted": False, "valid": (0.0, 1.0), "context": (), "exact": None},
    )

    def step(z, x, y):
        attack = Attack(classifier, x, y, BALLS[norm](0.5), size=0.1, **how)
        return attack.step(z)

    compare(step, lambda n: (images(n), images(n), torch.arange(n) % 10), backend)


class Overwriting(torch.autograd.Function):
    """Doubles; always into the same memory, as CUDA graphs do."""

    memory = torch.zeros(2, 3)

    @staticmethod
    def forward(ctx, x):
        return Overwriting.memory[0].copy_(2 * x).detach()

    @staticmethod
    def backward(ctx, gradient):
        return Overwriting.memory[1].copy_(2 * gradient)


def test_results_and_gradients_of_a_replay_stay():
    network, x = device.replayed(Overwriting.apply), torch.ones(3).requires_grad_()
    first = network(x)
    (slope,) = torch.autograd.grad(first.sum(), x)
    second = network(-x)
    torch.autograd.grad(-second.sum(), x)
    assert first.tolist() == [2, 2, 2] and slope.tolist() == [2, 2, 2] and second.tolist() == [-2, -2, -2]
