"""What follows from an experiment: names, the networks that it trains, and the variants that it samples."""

from fractions import Fraction
from importlib import import_module
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def modules(folder):
    """The names of the modules in a folder of the package, as `diffusion/guidance`, where they are found by name."""
    return sorted(file.stem for file in (PACKAGE / folder).glob("[!_]*.py"))


def source(experiment):
    """The module of the source of the images."""
    return import_module(f"energyguide.data.sources.{experiment['data']['source']}")


def scale_name(scale):
    """How a scale is written in file names and tables."""
    return f"{scale:g}"


def classifier_name(eps_train):
    """The name of the classifier of images trained at this radius."""
    return f"eps{eps_train:g}"


def classifiers(experiment):
    """The radii of the classifiers of images, by name."""
    return {classifier_name(eps): eps for eps in experiment["classifiers"]["eps_train"]}


def radius(value):
    """A radius of the configuration: a number, or a fraction such as "4/255"."""
    return float(Fraction(str(value)))


def time_classifiers(experiment):
    """The attacks of the time-dependent classifiers in training, by name: "time-vanilla", and such as "time-l2-0.25-7"."""
    spec = experiment["time_classifiers"]
    attacks = {"time-vanilla": {"norm": "l2", "eps": 0.0, "steps": 0}}
    for norm, radii in spec["threats"].items():
        for eps in radii:
            for steps in spec["steps"]:
                name = f"time-{norm}-{str(eps).replace('/', '_')}-{steps}"
                attacks[name] = {"norm": norm, "eps": radius(eps), "steps": steps}
    return attacks


def described_classifiers(experiment, names=None):
    """What tables and figures say of classifiers, by name: their `kind`, "image" or "time", and `eps_train`."""
    known = {name: {"kind": "image", "eps_train": eps} for name, eps in classifiers(experiment).items()}
    known |= {name: {"kind": "time", "eps_train": attack["eps"]} for name, attack in time_classifiers(experiment).items()}
    return known if names is None else {name: known[name] for name in names}


def origins(experiment):
    """The unguided variant of each diffusion model, sampled as guided ones are by default: where their scales begin."""
    process, found = experiment["sampling"]["process"], {}
    for name, spec in experiment["variants"].items():
        if spec["guidance"] == "unguided" and all(spec[key] == value for key, value in process.items()):
            found.setdefault(spec["model"], name)
    return found


def baseline(experiment):
    """The origin of an unconditional model; None if there is none."""
    models = experiment["diffusion"]["models"]
    return next((name for model, name in origins(experiment).items() if models.get(model, {}).get("p_uncond") == 1), None)


def snapshots(experiment):
    """The numbers of training steps by the variants that sample the model as it was then; the last is the final model."""
    name, spec = experiment["time_guidance"]["unguided"], experiment["diffusion"]
    steps = {f"{name}@{step}": step for step in spec["snapshots"]}
    return {**steps, name: experiment["weights"].get(followed(experiment), spec["training"])["steps"]}


def threats(experiment):
    """The attacks in training by the variants that the classifier guides; one is the robust variant itself."""
    name, attacks = experiment["time_guidance"]["robust"], time_classifiers(experiment)
    own = experiment["variants"][name]["classifier"]
    return {name if c == own else f"{name}+{c}": attack for c, attack in attacks.items() if attack["eps"]}


def ablations(experiment):
    """The blocks of the variants that are sampled for one table only: those of `snapshots` and of `threats`."""
    variants, compared = experiment["variants"], experiment["time_guidance"]
    unguided, robust = variants[compared["unguided"]], variants[compared["robust"]]
    blocks = {}
    for name in snapshots(experiment):
        if name not in variants:
            blocks[name] = {**unguided, "model": f"{unguided['model']}@{name.rpartition('@')[2]}"}
    for name in threats(experiment):
        if name not in variants:
            blocks[name] = {**robust, "classifier": name.rpartition("+")[2], "scales": [compared["scale"]]}
    return blocks


def generators(experiment):
    """The blocks of the variants that sample, unguided, the models that stand beside the diffusion models."""
    common = {"guidance": "unguided", "scales": [0], **experiment["sampling"]["process"]}
    blocks = {
        name: {**common, "label": spec["label"], "model": name} for name, spec in experiment["variational"]["models"].items()
    }
    for name, spec in experiment["adversarial"]["models"].items():
        blocks[name] = {**common, **leaps(spec["steps"], spec["kind"]), "label": spec["label"], "model": name}
    return blocks


def leaps(steps, kind="posterior"):
    """How a denoising diffusion GAN is sampled."""
    steps, sampler = 1 if kind == "one-shot" else steps, "direct" if kind == "direct" else "ddpm"
    return {**levels(steps), "sampler": sampler, "variance": "small", "eta": 0, "clip": False}


def levels(steps):
    """The noise levels between which a denoising diffusion GAN of so many steps is trained."""
    return {"steps": steps, "spacing": "trailing"}


def likelihood_labels(experiment):
    """What the models whose likelihood is measured are called, by their names: as the variants that sample them."""
    drawn = origins(experiment)
    blocks = {**{model: experiment["variants"][name] for model, name in drawn.items()}, **generators(experiment)}
    return {name: blocks.get(name, {"label": name})["label"] for name in experiment["likelihood"]["models"]}


def networks(experiment):
    """The names of all networks of the experiment."""
    return list(kinds(experiment))


def kinds(experiment):
    """What each network of the experiment is, by its name: for a model that denoises, the module of its `Denoiser`."""
    return {
        **dict.fromkeys(experiment["diffusion"]["models"], "diffusion"),
        **dict.fromkeys(experiment["variational"]["models"], "vdm"),
        **dict.fromkeys(experiment["adversarial"]["models"], "ddgan"),
        **dict.fromkeys([*classifiers(experiment), "judge"], "classifier"),
        **dict.fromkeys(time_classifiers(experiment), "time_classifier"),
    }


def network(experiment, name):
    """A network of the experiment, as `nets.weights.build` takes it: its name, and the arguments that it is made with."""
    data, kind = experiment["data"], kinds(experiment)[name]
    shape = {"channels": data["channels"], "size": data["size"]}
    if kind == "diffusion":
        classes = 0 if experiment["diffusion"]["models"][name]["p_uncond"] == 1 else data["classes"]
        return "unet.UNet", {**shape, "classes": classes, **experiment["diffusion"]["network"]}
    if kind == "vdm":
        own = {"gamma": experiment["variational"]["gamma"], "fourier": experiment["variational"]["models"][name]["fourier"]}
        return "vdm.VDM", {**shape, **own, **experiment["diffusion"]["network"]}
    if kind == "ddgan":
        spec = {**experiment["adversarial"], **experiment["adversarial"]["models"][name]}
        return "ddgan.Generator", {**shape, "latent": spec["latent"], "bounded": spec["kind"] != "direct", **spec["generator"]}
    if kind == "time_classifier":
        return "time_classifier.TimeClassifier", {
            **shape,
            "classes": data["classes"],
            **experiment["time_classifiers"]["network"],
        }
    return "resnet.CifarResNet", {
        "channels": data["channels"],
        "classes": data["classes"],
        **experiment["classifiers"]["network"],
    }


def module(experiment, name):
    """The module of a network, below the package."""
    return f"nets/{network(experiment, name)[0].partition('.')[0]}"


def followed(experiment):
    """The diffusion model that the table of training iterations follows, in `diffusion.snapshots`."""
    return experiment["variants"][experiment["time_guidance"]["unguided"]]["model"]


def images(experiment):
    """The number of images in each split, as far as it is known beforehand: a folder of images has to be there."""
    data = experiment["data"]
    if known := getattr(source(experiment), "IMAGES", None):
        train, test = known["train"], known["test"]
    else:
        train, test = (sum(1 for _ in Path(data["path"], part).glob("[!.]*/[!.]*")) for part in ("train", "test"))
    if "per_class" in data:
        train, test = (min(n, data["classes"] * data["per_class"][part]) for part, n in (("train", train), ("test", test)))
    held_out = round(data["held_out"] * train)
    return {"train": train - held_out, "val": held_out, "test": test}


def sampled(experiment):
    """The blocks of all variants that are sampled: those of the configuration, `ablations` and `generators`."""
    return {**experiment["variants"], **ablations(experiment), **generators(experiment)}


def spread(count, steps):
    """`count` timesteps in the middle of as many equal parts of a process of `steps`."""
    return [int((i + 0.5) * steps / count) for i in range(count)]
