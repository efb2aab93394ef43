"""Where to compute, and how: a GPU in bf16 and compiled where there is one, else the CPU in float32."""

import torch


def device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def accelerated(module, where):
    """A callable as `module`, on its device, with float32 results; on a GPU in channels_last, compiled and in bf16."""
    module = module.to(where)
    if where.type != "cuda":
        return module
    compiled = torch.compile(module.to(memory_format=torch.channels_last))

    def forward(*inputs):
        with torch.autocast(where.type, torch.bfloat16):
            return compiled(*inputs).float()

    return forward
