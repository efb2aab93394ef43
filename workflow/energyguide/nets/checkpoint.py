"""A state dict in a file of others: safetensors, or torch's own format.

Of the latter only tensors and plain values are read, by an unpickler that runs no code. What is not made of ordinary tensors is
refused by its name.
"""

import pickle
import re
from pathlib import Path

import torch

from energyguide.files.arrays import load_tensors
from energyguide.files.atomic import sha256

ORDINARY = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
COUNTERS = {torch.int64, torch.int32}  # such as the number of batches that a norm has seen
PRETENDERS = {  # how a file begins that is no weights, though it is called so: what it is, and the remedy
    rb"\s*<(!doctype|html|\?xml)": ("is a web page, not weights", "download the file itself"),
    rb"version https://git-lfs": (
        "is a pointer of Git LFS, not weights",
        "run `git lfs pull`, or download the file itself",
    ),
}
SAVE = "save its state dict as safetensors"


def read(path, expected):
    """The state dict in a file whose sha256 is `expected`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is another file, is damaged, or holds more than a state dict of ordinary tensors, or none.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"{path} is missing; download it, or take its network out of `weights`")
    checksum = sha256(path)
    with open(path, "rb") as file:
        head = file.read(200)
    for start, (what, remedy) in PRETENDERS.items():
        if re.match(start, head, re.IGNORECASE):
            raise ValueError(f"{path} {what}; {remedy}, and write its sha256 into `weights`")
    if checksum != expected:
        raise ValueError(f"{path} has the sha256 {checksum}, not {expected}: another file than `weights` asks for")
    content = load_tensors(path) if Path(path).suffix == ".safetensors" else unpickled(path, head)
    for key in ("state_dict", "model"):
        content = content[key] if isinstance(content, dict) and isinstance(content.get(key), dict) else content
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ValueError(f"{path} holds no state dict, of tensors by their names; save that of its network as safetensors")
    for name, tensor in content.items():
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{path} holds no state dict: {name} is no tensor; save that of its network as safetensors")
        if odd := oddity(tensor):
            raise ValueError(f"{path}: {name} is {odd}, and weights are floating-point numbers; convert it, or take another")
    return content


def unpickled(path, head):
    """What torch's restricted unpickler reads in a file that begins with `head`. Raises ValueError for all that it refuses."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not head.startswith((b"PK", b"\x80")):
            raise ValueError(f"{path} is not what `torch.save` writes; download it again") from error
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        more = f" ({named[1]})" if named else ""
        raise ValueError(f"{path} holds more than tensors{more}, and is not read; {SAVE}") from error
    except Exception as error:  # readers of damaged files raise anything
        if "TorchScript" in str(error):
            raise ValueError(f"{path} holds more than tensors (a TorchScript program), and is not read; {SAVE}") from error
        raise ValueError(f"{path} is damaged, or not what `torch.save` writes; download it again") from error


def oddity(tensor):
    """What keeps a tensor from being weights, in words; None for an ordinary one."""
    if tensor.is_meta:
        return "without numbers (a meta tensor)"
    if tensor.is_quantized:
        return f"quantised ({name_of(tensor)})"
    if tensor.is_sparse or tensor.layout != torch.strided or tensor.is_nested:
        return "sparse or nested"
    return None if tensor.dtype in ORDINARY | COUNTERS else name_of(tensor)


def name_of(tensor):
    """The type of a tensor's numbers, as `complex64`."""
    return str(tensor.dtype).removeprefix("torch.")
