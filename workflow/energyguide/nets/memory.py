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
    """Runs batches in parts: in one, and in twice as many each time memory runs out.

    Args:
        what: is done, as the log is to call it.
    """

    def __init__(self, what):
        self.what, self.count = what, 1

    def run(self, function, size):
        """Call `function` with the number of parts, and again with twice as many if memory runs out.

        Args:
            function: starts from the beginning at each call: what an earlier call did before it failed must not matter.
            size: of the batch; it cannot be done in more parts than that.

        Raises ValueError if a single element does not fit.
        """
        while True:
            try:
                return function(self.count)
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error):
                    raise
            # The memory is free only here: the exception and the frames that it holds are gone.
            if self.count >= size:
                raise ValueError(f"out of memory in {self.what}, even one by one; take a machine with more, or a smaller network")
            self.count *= 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            print(f"out of memory in {self.what}: now in {self.count} parts")

    def map(self, function, batch):
        """`function` of each piece of `batch`, in order, as a list."""
        return self.run(lambda count: [function(piece) for piece in split(batch, count)], len(batch))
