"""The GPU computes what the CPU does, and what is compiled or replayed what is not."""

import copy

import torch
from networks import images, networks

from energyguide.data.noise import normal, uniform
from energyguide.nets.device import accelerated, has_bf16
from energyguide.nets.device import compiled as compile_for

LIMITS = {"compiled": 1e-4, "graphs": 1e-4, "graphs against compiled": 1e-4, "bf16": 0.1}  # relative errors


def noise(device, options):
    """The random words are the same on both, bit for bit; normal numbers differ in the last bits at most."""
    samples = torch.arange(1000)
    pairs = [[draw(3, part, 7, (3, 32, 32)).cpu() for part in (samples, samples.to(device))] for draw in (uniform, normal)]
    largest = (pairs[1][0] - pairs[1][1]).abs().max().item()
    return {
        "passed": torch.equal(*pairs[0]) and largest < 1e-5,
        "uniform equal": torch.equal(*pairs[0]),
        "normal differs": largest,
    }


def error(a, b):
    return ((a - b).norm() / b.norm()).item()


def both(network, x, more):
    """What a network returns, and its gradient by the image; and again, without the first, for half a batch."""
    found = []
    for part in (x, x[: len(x) // 2], x):
        z = part.clone().requires_grad_()
        out = network(z, *(other[: len(part)] for other in more))
        found += [out.detach(), torch.autograd.grad(out.square().sum(), z)[0]]
    return found


def compiled(device, options):
    """Largest relative error of results and gradients, by network and way: compiled, by CUDA graphs, and in bf16."""
    torch.backends.cudnn.allow_tf32 = False  # whose convolutions have errors of their own
    torch.manual_seed(0)
    found = {}
    for name, (network, inputs) in networks(device).items():
        x = images(device)
        more = inputs(len(x))
        exact = both(network, x, more)
        ways = {
            "compiled": both(compile_for(copy.deepcopy(network), fixed=False), x, more),
            "graphs": both(compile_for(copy.deepcopy(network), fixed=True), x, more),
        }
        if has_bf16(device):
            ways["bf16"] = both(
                accelerated(copy.deepcopy(network), device, {"bf16": True, "compiled": True}, fixed=True), x, more
            )
        found[name] = {way: max(map(error, results, exact)) for way, results in ways.items()}
        found[name]["graphs against compiled"] = max(map(error, ways["graphs"], ways["compiled"]))
    passed = all(value < LIMITS[way] for errors in found.values() for way, value in errors.items())
    return {"passed": passed, "relative errors": found, "limits": LIMITS}
