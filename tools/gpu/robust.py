"""The four classifiers of the paper's table of robustness, on an image folder, by the fast recipe of `cifar10-fast`."""

from pathlib import Path

import torch
from networks import FAST

from energyguide.classifiers.attacks import BALLS
from energyguide.classifiers.robustness import accuracy
from energyguide.data.dataset import Dataset
from energyguide.data.load import load
from energyguide.data.noise import fold
from energyguide.nets.device import accelerated
from energyguide.nets.resnet import CifarResNet
from energyguide.training.classifier import ClassifierObjective
from energyguide.training.loop import train

NETWORK = {"block": "basic", "layers": [2, 2, 2, 2], "width": 64}
ATTACK = {"norm": "l2", "steps": 3}
TRAINING = {  # 20 epochs of one cycle
    "steps": 3820,
    "batch": 256,
    "optimizer": "sgd",
    "lr": 0.2,
    "lr_end": 0,
    "lr_schedule": "linear",
    "warmup": 764,
    "weight_decay": 0.0005,
    "clip": 0,
    "ema_images": 0,
    "score_every": 955,
    "milestones": [],
}
AUGMENT = {"crop": 4, "flip": True, "jitter": 0.25}
EPS_TEST, STEPS, SEED = (0, 0.25, 0.5, 1, 2), 20, 0
REHEARSAL = {"steps": 4, "batch": 8, "warmup": 1, "score_every": 2}


def dataset(options):
    """The images, read once into a file next to the results; in a rehearsal without `--images`, random ones."""
    if not options.images:
        if not options.cpu:
            raise ValueError("name the folder of images with --images")
        x, y = torch.randint(256, (60, 3, 8, 8), dtype=torch.uint8).numpy(), (torch.arange(60) % 10).numpy()
        parts = {"train": slice(0, 20), "val": slice(20, 40), "test": slice(40, 60)}
        return Dataset(tuple("0123456789"), *({s: a[part] for s, part in parts.items()} for a in (x, y)))
    path = options.out / ".state/images.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        spec = {"source": "imagefolder", "path": str(options.images), "size": 32, "channels": 3, "held_out": 0.02}
        load(spec, SEED).save(path)
    return Dataset.load(path)


def store(options, eps):
    """Where the state of a training is kept, so that a call can go on with it; None without the module for locks."""
    try:
        from energyguide.run.resume import ResumeState
    except ImportError:
        return None
    return ResumeState(Path(options.out, ".state", f"eps{eps:g}"), [TRAINING, ATTACK, eps, torch.__version__], every=30)


def classifier(device, options):
    """Accuracy of one of them, clean and under PGD-20; its eps-train is in the name of the check."""
    eps = float(options.child.removeprefix("classifier-"))
    data = dataset(options)
    spec = TRAINING | (REHEARSAL if options.cpu else {})
    (x, y), held_out, (x_test, y_test) = (data.tensors(split, device) for split in ("train", "val", "test"))
    seed = fold(SEED, "classifier", f"eps{eps:g}")
    torch.manual_seed(seed)
    model = CifarResNet(3, len(data.classes), **NETWORK | ({"layers": [1], "width": 4} if options.cpu else {}))
    objective = ClassifierObjective(model, eps, ATTACK, AUGMENT, held_out, device, FAST)
    weights, history = train(objective, spec, x, y, seed, store(options, eps), f"eps{eps:g}")
    model.load_state_dict(weights)
    model.eval()
    attacker = accelerated(model, device, FAST)
    grid = {str(e): accuracy(model, x_test, y_test, BALLS["l2"](e), STEPS, SEED, attacker) for e in EPS_TEST}
    return {
        "passed": True,
        "eps_train": eps,
        "accuracy": grid,
        "protocol": {"attack": f"PGD-{STEPS}", "norm": "l2", "scale": "[0, 1]", "images": "test", "n": len(x_test), "seed": SEED},
        "recipe": {"network": NETWORK, "attack": ATTACK, "training": spec, "augment": AUGMENT},
        "training seconds": round(history["seconds"], 1),
        "summary": ", ".join(f"{e}: {100 * share:.1f} %" for e, share in grid.items()),
    }
