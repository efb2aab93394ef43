"""Where to compute, and how: on a GPU where there is one, in bf16 and compiled where that is asked for and can be had."""

import os
import shutil

import torch

from energyguide.slots import own_gpu


def device():
    if not torch.cuda.is_available():
        return torch.device("cpu")
    number = own_gpu(torch.cuda.device_count())
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def has_bf16(where):
    """Whether the hardware computes in bf16; elsewhere it is emulated, and slower than float32."""
    if where.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    found = torch.cpu.get_capabilities()
    return found.get("avx512_bf16", False) or found.get("amx_bf16", False)


def has_compiler():
    """Whether torch can compile: it needs a C compiler."""
    return any(map(shutil.which, filter(None, (os.environ.get("CC"), "gcc", "clang"))))


def accelerated(module, where, bf16=False, compiled=False):
    """A callable as `module`, on its device, with float32 results: what `acceleration` in the configuration asks for.

    Args:
        module: is moved to `where`, and changed no further than in the layout of its weights.
        bf16: products and convolutions in bf16, weights and results in float32, where the hardware has it.
        compiled: compile on a GPU. On a CPU the products take the time, and nothing is gained.
    """
    fast = module = module.to(where)
    if bf16 or compiled:
        fast = module.to(memory_format=torch.channels_last)
    if compiled and where.type == "cuda":
        if has_compiler():
            fast = torch.compile(fast)
        else:
            print("no C compiler was found, so the network is not compiled; install gcc for more speed")
    if not (bf16 and has_bf16(where)):
        return fast

    def forward(*inputs):
        with torch.autocast(where.type, torch.bfloat16):
            return fast(*inputs).float()

    return forward
