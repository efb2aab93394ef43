"""What happens along the sampling trajectory: energies, the size of the shift, and frames to look at."""

import math

import torch
from tqdm import tqdm

from energyguide.classifiers.energy import energy, joint_energy
from energyguide.data.noise import fold, normal
from energyguide.diffusion.denoiser import load_denoiser
from energyguide.diffusion.guides import load_models
from energyguide.diffusion.samplers import is_finite
from energyguide.diffusion.sampling import Request, walk
from energyguide.metrics.scales import at_scale, read_metrics


def frames(count, steps):
    """`count` indices into a schedule of `steps`, evenly spread, from the noise to the image."""
    return [round(i * (steps - 1) / (count - 1)) for i in reversed(range(count))]


def forward(schedule, x0, noise, count):
    """Frames of the forward process, (frame, batch, ...), from the image to the noise.

    Args:
        x0: images (batch, ...) in [-1, 1].
        noise: standard normal, as `x0`.
    """
    indices = reversed(frames(count, len(schedule)))
    return torch.stack([schedule.add_noise(x0, torch.full((len(x0),), i, device=x0.device), noise) for i in indices])


def number(value):
    """A float as JSON can hold it: None if it is not finite."""
    return value if math.isfinite(value) else None


def record(states, observer, count, steps, shown):
    """Follow a walk to its end.

    Args:
        states: of `samplers.reverse`.
        observer: `guidance.Models` whose classifier gives the energies, whatever guides the walk.
        count: frames to keep, of the first `shown` samples.

    Returns:
        lists with one number a step, from noise to image: mean E(x) and E(x, y) in nats, at x_t and at the predicted
        x_0; mean length of the shift of the mean over sigma_t, 0 for guidance that corrects eps. Under "end", both
        energies of the results. And the frames kept: x_t and x_0, each (frame, sample, ...) in [-1, 1].
        Where samples cease to be finite, "diverged" alone, and black frames.
    """
    lines = {"t": [], "E(x_t)": [], "E(x_t,y)": [], "E(x_0)": [], "E(x_0,y)": [], "shift/sigma": []}
    recorded, wanted = [], frames(count, steps)
    for state in states:
        if not is_finite(state).all():
            black = torch.full((count, *state.x_t[:shown].shape), -1.0)
            return {"diverged": True}, (black, black)
        lines["t"].append(state.t)
        for name, x, t in (("x_t", state.x_t, state.t), ("x_0", state.x0, 0)):
            logits = observer.logits(x, t)
            lines[f"E({name})"].append(number(energy(logits).mean().item()))
            lines[f"E({name},y)"].append(number(joint_energy(logits, state.y).mean().item()))
        shift = state.shift.flatten(1).norm(dim=1).mean().item() if torch.is_tensor(state.shift) else 0.0
        lines["shift/sigma"].append(number(shift / state.sigma) if state.sigma else None)
        if state.index in wanted:
            recorded.append((state.x_t[:shown].cpu(), state.x0[:shown].cpu()))
    end = observer.logits(state.x_prev.clamp(-1, 1), 0)
    lines["end"] = {"E(x)": energy(end).mean().item(), "E(x,y)": joint_energy(end, state.y).mean().item()}
    return lines, tuple(torch.stack(part) for part in zip(*recorded, strict=True))


class Study:
    """The sampling trajectories of some variants, each at its best scale or at a given one.

    Args:
        p: `variants` (name -> block), `scales` (name -> a scale that is given), `strip` (the variant whose forward process is
            drawn), `samples`, `frames`, `process`, `shape`, `classes`, `kinds` (model -> its kind of denoiser), `acceleration`,
            `seed`.
        models, classifiers, energies: files by the names that the blocks use; weaker versions are among the models.
        observer: weights of the classifier that gives the energies.
    """

    def __init__(self, p, models, classifiers, energies, observer, device):
        self.p, self.models, self.classifiers, self.energies, self.device = p, models, classifiers, energies, device
        self.observer = load_models({"classifier": observer}, p.classes, device)
        self.denoisers = {
            name: load_denoiser(kind, models[name], p.process, device, p.acceleration) for name, kind in p.kinds.items()
        }

    def follow(self, metrics):
        """The lines of `record` by variant, and the frames as "<variant> x_t" and "<variant> x0"; `metrics` are files."""
        lines, arrays = {}, {}
        for name in tqdm(self.p.variants, unit="variant", disable=None):
            measured = read_metrics(metrics, name)
            result = at_scale(measured, self.p.scales.get(name) or measured["best"])
            line, frames = self.walk(name, result["scale"])
            if "diverged" in result:  # perhaps in other samples than these
                line = {"diverged": True}
            lines[name] = {**line, "scale": result["scale"]}
            arrays |= {f"{name} {part}": frame.numpy() for part, frame in zip(("x_t", "x0"), frames, strict=True)}
        return lines, arrays

    def walk(self, name, scale):
        """What `record` says of a variant at a scale."""
        p, spec = self.p, self.p.variants[name]
        own, weak = spec.get("classifier"), spec.get("weak")
        files = {"classifier": self.classifiers.get(own), "energy": self.energies.get(own), "weak": self.models.get(weak)}
        guides = load_models(files, p.classes, self.device, p.acceleration)
        request = Request(range(p.samples), tuple(p.shape), p.classes, p.seed, self.device)
        states = walk(self.denoisers[spec["model"]], request, spec, scale, guides)
        with torch.no_grad():
            return record(states, self.observer, p.frames, spec["steps"], p.classes)

    def forward(self, first):
        """Frames of the forward process of some images (class, channel, height, width) in [0, 1], one of each class."""
        p, strip = self.p, self.p.variants[self.p.strip]
        noise = normal(fold(p.seed, "forward"), torch.arange(p.classes, device=self.device), 0, tuple(p.shape))
        schedule = self.denoisers[strip["model"]].schedule(strip)
        return forward(schedule, 2 * first - 1, noise, p.frames).cpu().numpy()
