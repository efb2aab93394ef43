"""What a pass of a network takes, before any device has done it: floating-point operations, and memory."""

import weakref
from inspect import Parameter, signature

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry


class Operations(TorchDispatchMode):
    """Counts the floating-point operations of products and convolutions, as torch's own counter does.

    That one cannot be used here: it follows the modules, and fails at a gradient by the image alone.
    """

    def __init__(self):
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        count = flop_registry.get(function._overloadpacket)
        self.total += count(*args, **(kwargs or {}), out_val=result) if count else 0
        return result


class Memory(TorchDispatchMode):
    """Follows the bytes of all tensors that are made inside, for as long as anything holds them: `most` is their peak.

    What a library takes for itself is not among them: workspaces of convolutions, unused blocks of the allocator.
    """

    def __init__(self):
        super().__init__()
        self.now, self.most, self.seen = 0, 0, weakref.WeakSet()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self.follow(leaf.untyped_storage())
        return result

    def follow(self, storage):
        if storage not in self.seen:
            self.seen.add(storage)
            self.change(storage.nbytes())
            weakref.finalize(storage, self.change, -storage.nbytes())

    def change(self, count):
        self.now += count
        self.most = max(self.most, self.now)


def inputs(model, x):
    """What a network of the project takes next to images (batch, channel, height, width)."""
    needed = [p for p in signature(model.forward).parameters.values() if p.default is Parameter.empty]
    return (x, torch.zeros(len(x), dtype=torch.int64, device=x.device))[: len(needed)]


def training_step(model, x, fast):
    model.requires_grad_(True)
    fast(*inputs(model, x)).sum().backward()


def forward(model, x, fast):
    with torch.no_grad():
        fast(*inputs(model, x))


def image_gradient(model, x, fast):
    """The gradient by the image, without one by the parameters."""
    model.requires_grad_(False)
    x = x.clone().requires_grad_()
    torch.autograd.grad(fast(*inputs(model, x)).sum(), x)


PASSES = {"training": training_step, "forward": forward, "gradient": image_gradient}


def counted(counter, build, kind, batch, shape):
    """A pass of this kind under a counter, with `batch` images of this `shape`, on tensors without values; the counter.

    Args:
        counter: `Operations()`, or `Memory()`, to which the network's parameters belong too.
        build: a function without arguments that makes the network.
    """
    with torch.device("meta"), counter:
        model = build()
        PASSES[kind](model, torch.rand(batch, *shape), model)
    return counter
