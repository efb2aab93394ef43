"""Where to compute, and how: a GPU in bf16 and compiled where there is one, else the CPU in float32."""

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


def accelerated(module, where):
    """A callable as `module`, on its device, with float32 results; on a GPU in channels_last, in bf16 and compiled.

    Compiling needs a C compiler; without one the module runs as it is.
    """
    module = module.to(where)
    if where.type != "cuda":
        return module
    fast = module.to(memory_format=torch.channels_last)
    if any(map(shutil.which, filter(None, (os.environ.get("CC"), "gcc", "clang")))):
        fast = torch.compile(fast)
    else:
        print("no C compiler was found, so the network is not compiled; install gcc for more speed")

    def forward(*inputs):
        with torch.autocast(where.type, torch.bfloat16):
            return fast(*inputs).float()

    return forward
