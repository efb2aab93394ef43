"""The device to compute on, and how: a GPU if there is one, in bf16 and compiled if asked for and possible."""

import os
import shutil

import torch


def pick_device(threads=None):
    """The device of this process; sets the number of threads if one is given. Another number changes the last bits."""
    if threads:
        torch.set_num_threads(threads)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def sent(tensor, device):
    """`tensor`, which is on the host, on `device`. Nothing waits for a GPU: the copy is from pinned memory."""
    device = torch.device(device)
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)


def has_bf16(device):
    """Whether the hardware computes in bf16; elsewhere it is emulated, and slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)


def has_compiler():
    """Whether torch can compile: it needs a C compiler."""
    return any(map(shutil.which, filter(None, (os.environ.get("CC"), "gcc", "clang"))))


def accelerated(module, device, acceleration=None, fixed=False):
    """A callable as `module`, on its device, with float32 results.

    Args:
        module: is moved to `device`, and changed no further than in the layout of its weights.
        acceleration: the configuration's block of that name; None for float32. `bf16`: products and convolutions
            in bf16, weights and results in float32, if the hardware has it. `compiled`: compile on a GPU; on a CPU the
            products take the time, and nothing is gained.
        fixed: the weights are frozen, and most batches as large as each other: a compiled network is replayed as CUDA graphs.
    """
    asked = acceleration or {"bf16": False, "compiled": False}
    fast = module.to(device, memory_format=torch.channels_last)
    if asked["compiled"] and device.type == "cuda":
        fast = compiled(fast, fixed)
    if not (asked["bf16"] and has_bf16(device)):
        return fast

    def forward(*inputs):
        with torch.autocast(device.type, torch.bfloat16):
            return fast(*inputs).float()

    return forward


def compiled(module, fixed):
    """`module`, compiled; unless there is no compiler."""
    if not has_compiler():
        print("no C compiler was found, so the network is not compiled; install gcc for more speed")
        return module
    if not fixed:
        return torch.compile(module)
    return replayed(torch.compile(module, mode="reduce-overhead"))


def replayed(graphs):
    """CUDA graphs as a function whose results stay: the next replay overwrites what one returned, and the gradients of it."""

    def followed(x):
        if not (isinstance(x, torch.Tensor) and x.requires_grad):
            return x
        x = x.view_as(x)
        x.register_hook(torch.clone)
        return x

    return lambda *inputs: graphs(*map(followed, inputs)).clone()
