"""What does not fit into memory at once is done in parts."""

import torch

MESSAGES = "can't allocate memory", "could not create a primitive"  # by torch's allocator, and by oneDNN, on a CPU


def out_of_memory(error):
    """Whether that is what an exception says."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in str(error) for words in MESSAGES)


def split(batch, parts):
    """`batch`, anything with a length and slices, in at most so many pieces of nearly the same length."""
    ends = [len(batch) * i // parts for i in range(parts + 1)]
    return [batch[a:b] for a, b in zip(ends, ends[1:], strict=False) if a < b]


class Parts:
    """In how many parts batches are done: one, and twice as many each time that memory runs out.

    Args:
        what: is done, as the log is to call it.
    """

    def __init__(self, what):
        self.what, self.count = what, 1

    def run(self, function, size):
        """`function` of the number of parts, once more with twice as many where memory runs out.

        Args:
            function: starts anew at each call: what an earlier one did before it failed must not matter.
            size: of the batch; it cannot be done in more parts than that.

        Raises ValueError where a single element does not fit.
        """
        while True:
            try:
                return function(self.count)
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error):
                    raise
            # Only here, where the exception and the frames it holds are gone, is their memory free.
            if self.count >= size:
                raise ValueError(f"out of memory in {self.what}, even one by one; take a machine with more, or a smaller network")
            self.count *= 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            print(f"out of memory in {self.what}: now in {self.count} parts")

    def map(self, function, batch):
        """`function` of each piece of `batch`, in order, as a list."""
        return self.run(lambda count: [function(piece) for piece in split(batch, count)], len(batch))
