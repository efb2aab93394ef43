from fractions import Fraction

import pytest
import torch
from scipy import stats
from torch.utils._python_dispatch import TorchDispatchMode

from energyguide.data.noise import MULTIPLIERS, WEYL, fold, normal, philox, uniform

WORDS = 0xFFFFFFFF


@pytest.mark.parametrize(
    "counter, key, expected",
    [
        ((0,) * 4, (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((WORDS,) * 4, (WORDS, WORDS), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_known_answers(counter, key, expected):
    """The vectors of Random123 for philox4x32-10."""
    words = philox([torch.tensor([c]) for c in counter], key)
    assert " ".join(f"{w.item():08x}" for w in words) == expected


@pytest.mark.parametrize("draw", [uniform, normal])
def test_noise_does_not_depend_on_the_batch(draw):
    every = draw(3, torch.arange(50), 7, (3, 5, 1))
    some = torch.tensor([41, 0, 7])
    assert torch.equal(draw(3, some, 7, (3, 5, 1)), every[some])


def test_noise_depends_on_seed_sample_and_step():
    first = uniform(1, torch.arange(2), 0, (6,))
    others = [first[1], uniform(2, torch.arange(1), 0, (6,))[0], uniform(1, torch.arange(1), 1, (6,))[0]]
    others.append(uniform(1 + (1 << 32), torch.arange(1), 0, (6,))[0])
    assert all((other != first[0]).all() for other in others)


@pytest.mark.parametrize("seed", [0, 12345, fold("any", "seed")])
@pytest.mark.parametrize("draw, law", [(uniform, stats.uniform), (normal, stats.norm)])
def test_noise_has_its_distribution(seed, draw, law):
    """Over pixels, samples and steps; and neighbours along each are uncorrelated."""
    x = torch.stack([draw(seed, torch.arange(20), step, (1, 5, 5)) for step in range(20)]).double()
    assert stats.kstest(x.flatten().numpy(), law.cdf).pvalue > 1e-4
    n = x.numel()
    assert abs(x.mean() - law.mean()) < 5 * law.std() / n**0.5
    assert abs(x.var() / law.var() - 1) < 5 * (2 / n) ** 0.5
    z = (x.flatten(2) - law.mean()) / law.std()
    for a, b in ((z[1:], z[:-1]), (z[:, 1:], z[:, :-1]), (z[..., 1:], z[..., :-1])):
        assert abs((a * b).mean()) < 5 / a.numel() ** 0.5


def test_fold_is_fixed_for_ever_and_tells_its_parts_apart():
    assert fold(0, "step", 1) == 3670991852909586624
    seeds = {fold(0), fold("0"), fold(0, 1), fold(1, 0), fold(0, "1"), fold("a", "bc"), fold("ab", "c")}
    assert len(seeds) == 7
    assert all(0 <= seed < 2**63 for seed in seeds)


class Trace(TorchDispatchMode):
    """Notes each operation, and the type of its result."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.steps.append((function._overloadpacket.__name__, result.dtype))
        return result


def words_of(device, count=64):
    """Random 32-bit words as counters, on a device, and a key."""
    generator = torch.Generator().manual_seed(0)
    counter = torch.randint(1 << 32, (4, count), generator=generator)
    counter[:, :2] = torch.tensor([0, WORDS])
    return counter.to(device), (WORDS, 0x12345678)


def test_the_random_words_are_integer_arithmetic_alone_and_so_the_same_on_any_device():
    """Products, sums, shifts and bitwise operations of int64: every device that has them gives the same bits."""
    traces = []
    for device in ("cpu", "meta"):
        counter, key = words_of(device)
        words = counter.unbind()
        with Trace() as trace:
            philox(words, key)
        traces.append(trace.steps)
    assert traces[0] == traces[1] and {kind for _, kind in traces[0]} == {torch.int64}
    assert {name for name, _ in traces[0]} <= {"mul", "bitwise_xor", "bitwise_and", "__rshift__"}


def test_the_random_words_are_those_of_exact_arithmetic():
    """Written again with Python's integers, which never overflow: int64 may wrap, and the words are still right."""
    counter, (k0, k1) = words_of("cpu")
    expected = []
    for words in counter.T.tolist():
        c0, c1, c2, c3 = words
        for i in range(10):
            a, b = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
            left, right = (key + i * step & WORDS for key, step in zip((k0, k1), WEYL, strict=True))
            c0, c1, c2, c3 = b >> 32 ^ c1 ^ left, b & WORDS, a >> 32 ^ c3 ^ right, a & WORDS
        expected.append([c0, c1, c2, c3])
    assert torch.stack(philox(counter.unbind(), (k0, k1)), dim=1).tolist() == expected


def test_uniform_numbers_are_the_words_without_rounding():
    """(word + 1/2) / 2^32 fits double precision, whose sums and products by powers of two are exact on any device."""
    seed, step = fold("exact"), WORDS
    blocks = [torch.tensor([value]) for value in (0, 7, step, 0)]
    words = [word.item() for word in philox(blocks, (seed & WORDS, seed >> 32))]
    exact = [Fraction(2 * word + 1, 2**33) for word in words]
    assert [Fraction(u) for u in uniform(seed, torch.tensor([7]), step, (4,))[0].tolist()] == exact
