"""The meta device as a stand-in for a GPU: what the host would wait for is counted, and where randomness is drawn is noted.

Tensors on the meta device have no values. Whatever asks for one raises an error of torch, if it is not counted here.
"""

from collections import Counter

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

ATEN = torch.ops.aten
GPU = torch.device("meta")
INDEXING = {ATEN.index.Tensor, ATEN.index_put.default, ATEN.index_put_.default, ATEN._index_put_impl_.default}
COPIES = {ATEN._to_copy.default, ATEN.copy_.default, ATEN._copy_from.default}
RANDOM = torch.Tag.nondeterministic_seeded
FROM_VALUES = {torch.tensor, torch.as_tensor, torch.from_numpy, torch.Tensor.new_tensor}


class FromValues(TorchFunctionMode):
    """Counts tensors that are made on the GPU from numbers of the host: copies that torch does without for the meta device."""

    def __init__(self, counts):
        super().__init__()
        self.counts = counts

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function in FROM_VALUES and result.device == GPU:
            self.counts["copy"] += 1
        return result


class Waits(TorchDispatchMode):
    """Counts what waits for a GPU, whose part the meta device takes.

    Attributes:
        counts: name of the operation -> how often the host would have waited.
        on_host: names of the operations that drew random numbers on the host.
    """

    def __init__(self):
        super().__init__()
        self.counts, self.on_host = Counter(), Counter()

    def __enter__(self):
        self.from_values = FromValues(self.counts)
        self.from_values.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self.from_values.__exit__(*error)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, function._overloadpacket.__name__
        devices = {leaf.device for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
        if GPU in devices and function is ATEN._local_scalar_dense.default:
            self.counts["item"] += 1
            return torch.ones((), dtype=args[0].dtype).item()
        if GPU in devices and function is ATEN.nonzero.default:
            self.counts["nonzero"] += 1
            return torch.empty(len(args[0]), args[0].ndim, dtype=torch.int64, device=GPU)
        if function is ATEN._fused_sgd_.default and GPU in devices:  # has no kernel there
            return None
        if function in INDEXING and GPU in devices:
            args = (args[0], [self.numbers(index) for index in args[1]], *args[2:])
        if function in COPIES:
            copied = self.copied(function, args, kwargs)
            if copied is not None:
                return copied
        result = function(*args, **kwargs)
        if RANDOM in function.tags and isinstance(result, torch.Tensor) and result.device != GPU:
            self.on_host[name] += 1
        return result

    def numbers(self, index):
        """An index as numbers: a mask has to be counted first, and here everything is in it."""
        if index is None or index.dtype not in (torch.bool, torch.uint8):
            return index
        self.counts["mask"] += 1
        return torch.arange(len(index), device=GPU)

    def copied(self, function, args, kwargs):
        """Counts a copy between host and GPU that is waited for; the result of one to the host."""
        if function is ATEN._to_copy.default:
            source, target = args[0].device, kwargs.get("device") or args[0].device
        else:
            source, target = args[1].device, args[0].device
        if GPU in (source, target) and source != target:
            if not (kwargs.get("non_blocking") or len(args) > 2 and args[2]):
                self.counts["copy"] += 1
            if source == GPU:
                return torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        return None
