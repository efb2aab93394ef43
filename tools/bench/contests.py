"""What is compared: the same weights and the same noise, by us and by a peer. What one contest alone needs, it imports itself."""

import copy
from functools import partial

import peers
import torch
from compare import Contest

from energyguide.classifiers.attacks import BALLS
from energyguide.classifiers.robustness import accuracy
from energyguide.data.load import load
from energyguide.data.noise import normal
from energyguide.diffusion.guides import find_guidance
from energyguide.diffusion.hooks import Models
from energyguide.diffusion.samplers import final_samples, reverse
from energyguide.diffusion.schedule import linear_schedule, respace
from energyguide.nets.device import accelerated, has_bf16
from energyguide.nets.released import diffusers, fit
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.unet import UNet
from energyguide.training.classifier import ClassifierObjective
from energyguide.training.diffusion import DiffusionObjective
from energyguide.training.loop import optimizer, train

SMALL = {"width": 128, "multipliers": (1, 1), "blocks": 1, "attention": (16,)}  # half a minute of sampling on two cores
DDPM = {"width": 128, "multipliers": (1, 2, 2, 2), "blocks": 2, "attention": (16,)}
PLAIN = {"crop": 0, "flip": False, "jitter": 0}
LAYERS = (1, 1, 1, 1)


def ways(where):
    """The accelerations to compare: none, and what the machine has."""
    full = {"bf16": True, "compiled": True}
    return [full] if where.type == "cuda" else [{}, full] if has_bf16(where) else [{}]


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-2, atol=1e-2)


def sampling(where):
    """DDIM and DDPM in 50 steps, unguided and classifier-guided."""
    gpu = where.type == "cuda"
    shape, count = (DDPM, 256) if gpu else (SMALL, 2)
    torch.manual_seed(0)
    theirs = peers.unet(32, **shape).to(where).eval().requires_grad_(False)
    ours = fit(UNet(3, 32, dropout=0.0, **shape), diffusers(theirs.state_dict())).to(where).eval().requires_grad_(False)
    judge = peers.classifier(3, 10, LAYERS).to(where).eval().requires_grad_(False)
    guide = fit(CifarResNet(3, 10, "basic", LAYERS), judge.network.state_dict()).to(where).eval().requires_grad_(False)
    numbers = torch.arange(count, device=where)
    start, y = normal(0, numbers, 0, (3, 32, 32)), numbers % 10
    schedule = respace(linear_schedule(), 50)

    def contest(sampler, guided, way):
        network, classify = (accelerated(copy.deepcopy(net), where, way, fixed=True) for net in (ours, guide))
        models = Models(logits=lambda x, t: classify((x + 1) / 2))
        spec = {"guidance": "classifier" if guided else "unguided", "unit": "eps" if sampler == "ddim" else "sigma2", "at": "x_t"}

        @torch.no_grad()
        def walk():
            noise = lambda step: normal(1, numbers, step, (3, 32, 32))  # noqa: E731
            guidance = find_guidance(spec, 1.0, models)
            return final_samples(reverse(network, schedule, start, y, noise, guidance, sampler, clip=False))[0]

        def loop():
            return peers.sample(theirs, start, 50, sampler, judge if guided else None, y)

        name = f"{sampler.upper()}-50, {'classifier-guided' if guided else 'unguided'}"
        exact = sampler == "ddim" and not way
        return Contest(name, "diffusers", walk, loop, close if exact else None, bf16=bool(way))

    return [contest(sampler, guided, way) for guided in (False, True) for sampler in ("ddim", "ddpm") for way in ways(where)]


def digits(where):
    data = load({"source": "digits", "held_out": 0.125}, seed=0)
    return data, data.tensors("train", where), data.tensors("test", where)


def classifiers(where):
    """A plain classifier of the digits, trained for this, as our network and as torchvision's."""
    _, (x, y), _ = digits(where)
    ours = CifarResNet(1, 10, "basic", LAYERS).to(where)
    spec = {"steps": 150, "batch": 64, "optimizer": "sgd", "lr": 0.05, "lr_end": 0, "lr_schedule": "cosine", "warmup": 20}
    spec |= {"weight_decay": 5e-4, "clip": 0, "ema_images": 0, "score_every": 0, "milestones": []}
    objective = ClassifierObjective(ours, 0.0, {"norm": "l2", "steps": 0}, PLAIN, None, where)
    train(objective, spec, x, y, 0)
    theirs = peers.classifier(1, 10, LAYERS).to(where)
    theirs.network.load_state_dict({k: v for k, v in ours.state_dict().items() if k not in ("mean", "std")})
    return ours.eval(), theirs.eval()


def attacks(where):
    """PGD-20 in evaluation, on a plain classifier and PGD-7 in training."""
    import torchattacks

    ours, theirs = classifiers(where)
    _, (x, y), (x_test, y_test) = digits(where)
    radii = (0.25, 0.5, 1, 2)

    def ours_evaluated(attacker):
        return [accuracy(ours, x_test, y_test, BALLS["l2"](eps), 20, attacker=attacker) for eps in radii]

    def theirs_evaluated():
        found = []
        for eps in radii:
            attack = torchattacks.PGDL2(theirs, eps=eps, alpha=2.5 * eps / 20, steps=20, random_start=False)
            found.append((theirs(attack(x_test, y_test)).argmax(1) == y_test).float().mean().item())
        return found

    def no_weaker(a, b):
        """An image that was misclassified on the way counts, and is left as it was then: theirs may come back."""
        assert all(first <= second + 0.005 for first, second in zip(a, b, strict=True)), (a, b)

    x, y = x[:512], y[:512]

    def ours_trained(objective):
        model = objective.model.train()
        update = optimizer({"optimizer": "sgd", "lr": 0.01, "weight_decay": 0}, list(model.parameters()))
        for images, labels in zip(x.split(64), y.split(64), strict=True):
            loss = objective.loss(*objective.batch(images, labels))
            update.zero_grad()
            loss.backward()
            update.step()

    library = torchattacks.PGDL2(theirs, eps=0.5, alpha=2.5 * 0.5 / 7, steps=7)
    by_hand = peers.plain_pgd(theirs, 0.5, 7)
    found = []
    for way in ways(where):
        objective = ClassifierObjective(copy.deepcopy(ours), 0.5, {"norm": "l2", "steps": 7}, PLAIN, None, where, way)
        evaluated = partial(ours_evaluated, accelerated(copy.deepcopy(ours), where, way) if way else None)
        bf16, trained = bool(way), partial(ours_trained, objective)
        found.append(
            Contest("PGD-20 at four radii, a plain classifier", "torchattacks", evaluated, theirs_evaluated, no_weaker, bf16=bf16)
        )
        for peer, attack in (("torchattacks", library), ("a plain loop", by_hand)):
            loop = partial(peers.train_robust, theirs, attack, x, y, 64)
            found.append(Contest("PGD-7, adversarial training", peer, trained, loop, bf16=bf16))
    return found


def training(where):
    """Steps of a UNet's training."""
    shape, batch, steps = (DDPM, 128, 20) if where.type == "cuda" else (SMALL, 8, 3)
    theirs = peers.unet(32, **shape).to(where)
    images = torch.rand(batch * steps, 3, 32, 32, device=where)
    labels = torch.zeros(len(images), dtype=torch.int64, device=where)
    spec = {"steps": steps, "batch": batch, "optimizer": "adamw", "lr": 2e-4, "lr_end": 2e-4, "lr_schedule": "constant"}
    spec |= {"warmup": 0, "weight_decay": 0, "clip": 1.0, "ema_images": 10_000, "score_every": 0, "milestones": []}
    found = []
    for way in ways(where):
        objective = DiffusionObjective(UNet(3, 32, dropout=0.0, **shape), linear_schedule(), 1.0, PLAIN, where, way)
        ours = partial(train, objective, spec, images, labels, 0)
        loop = partial(peers.train_unet, theirs, images, steps, batch)
        found.append(Contest("UNet training", "diffusers", ours, loop, bf16=bool(way)))
    return found


def metrics(where, folder):
    """Features and FID of images: ours from arrays, theirs from PNG files, by the same network."""
    import torch_fidelity
    from PIL import Image
    from torch_fidelity.registry import register_feature_extractor

    from energyguide.metrics.features import ClassifierFeatures, extract
    from energyguide.metrics.frechet import frechet, moments

    data, *_ = digits(where)
    sets = [torch.from_numpy(data.images[split]) for split in ("train", "test")]
    for i, images in enumerate(sets):
        (folder / str(i)).mkdir()
        for k, image in enumerate(images):
            Image.fromarray(image[0].numpy()).convert("RGB").save(folder / str(i) / f"{k}.png")
    model = CifarResNet(1, 10, "basic", LAYERS).to(where).eval()

    class Judge(ClassifierFeatures):
        def __init__(self, name, features_list, **kwargs):
            super().__init__(name, features_list, model)

        def forward(self, x):
            return super().forward(x[:, :1])

    register_feature_extractor("judge", Judge)

    def ours():
        network = ClassifierFeatures("judge", ["penultimate", "logits"], model)
        return frechet(*(moments(extract(network, images, where)[0]) for images in sets))

    def theirs():
        return torch_fidelity.calculate_metrics(
            input1=str(folder / "0"),
            input2=str(folder / "1"),
            fid=True,
            feature_extractor="judge",
            cuda=where.type == "cuda",
            cache=False,
            verbose=False,
        )["frechet_inception_distance"]

    def near(a, b):
        assert abs(a - b) < 1e-3 * max(a, b), (a, b)

    return [Contest("features and FID", "torch-fidelity, PNG files", ours, theirs, near, counted=False)]
