"""Where to compute, and how: a GPU in bf16 and compiled where there is one, else the CPU in float32."""

import torch


def device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(where):
    return torch.autocast(where.type, torch.bfloat16, enabled=where.type == "cuda")


def accelerated(module, where):
    """`module` on its device; on a GPU in channels_last and compiled."""
    module = module.to(where)
    return torch.compile(module.to(memory_format=torch.channels_last)) if where.type == "cuda" else module
