"""The configuration: what is shipped is valid, and what is wrong is refused in one line that names the key."""

import contextlib
import copy
import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguide.config.experiments import merge, resolve
from energyguide.config.model import SYSTEMS, schema
from energyguide.config.names import scale_name
from energyguide.config.parts import ConfigError
from energyguide.files.atomic import digest

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"experiment": "mine"}
CONFIG["experiments"] = {"mine": yaml.safe_load((ROOT / "experiments/digits.yaml").read_text())}
SCHEMA = ROOT / "workflow/schemas/config.schema.json"
D = "experiments.mine"


def put(config, path, value):
    """Set `path` of the digits experiment ("a.b.c"), or of the whole configuration ("/a.b"); DELETE removes it."""
    node = config if path.startswith("/") else config["experiments"]["mine"]
    *parents, last = path.lstrip("/").replace("robust-0.5", "robust-05").split(".")
    for key in [*(k.replace("robust-05", "robust-0.5") for k in parents)]:
        node = node.setdefault(key, {})
    if value is DELETE:
        del node[last]
    else:
        node[last] = value
    return config


DELETE = object()


@pytest.mark.parametrize("name", [file.stem for file in (ROOT / "experiments").glob("*.yaml")])
def test_shipped_experiments_are_valid(name):
    resolve({**copy.deepcopy(CONFIG), "experiment": name})


def without(*systems):
    config = copy.deepcopy(CONFIG)
    config["experiments"]["mine"] |= dict.fromkeys(systems)
    return resolve(config)[0]


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_can_be_left_out_and_takes_its_networks_and_variants_with_it(name):
    whole, rest = resolve(CONFIG)[0], without(name)
    assert name in whole.systems and name not in rest.systems
    assert rest.networks.items() <= whole.networks.items() and rest.sampled.items() <= whole.sampled.items()
    gone = {network.kind for key, network in whole.networks.items() if key not in rest.networks}
    assert gone == {"time_classifiers": {"time_classifier"}, "vdm": {"vdm"}, "ddgan": {"ddgan"}}.get(name, set())
    derived(rest)


def test_all_systems_can_be_left_out():
    rest = without(*SYSTEMS)
    assert not rest.systems and {variant.guidance for variant in rest.sampled.values()} == {"unguided", "classifier"}
    derived(rest)


def test_an_experiment_is_laid_over_what_it_extends_and_that_over_the_defaults():
    config = copy.deepcopy(CONFIG)
    config["experiments"] |= {"second": {"extends": "mine", "seed": 3}, "third": {"extends": "second", "vdm": None}}
    first, third = resolve(config)[0], resolve({**config, "experiment": "third"})[0]
    assert (third.name, third.seed, third.vdm) == ("third", 3, None) and third.ddgan == first.ddgan


FILE = {"file": "a.pt", "sha256": "0" * 64, "format": "plain"}
BAD = [
    ("/experiment", "nothing", "experiment:"),
    ("/colour", "blue", "colour"),
    ("/experiments", {}, "experiments"),
    ("/site.grace", float("nan"), "site.grace"),
    ("seed", 10**400, f"{D}.seed"),
    ("variants", {1: {"label": "x"}}, f"{D}.variants.1"),
    ("seeed", 1, "seeed"),
    ("seed", -1, f"{D}.seed"),
    ("seed", "one", f"{D}.seed"),
    ("threads", 0, f"{D}.threads"),
    ("title", "", f"{D}.title"),
    ("small", "yes", f"{D}.small"),
    ("data", DELETE, "data"),
    ("data.source", "mnist", f"{D}.data.source"),
    ("data.classes", 11, f"{D}.data.classes"),
    ("data.size", 16, f"{D}.data.size"),
    ("data.channels", 2, f"{D}.data.channels"),
    ("data.held_out", 0, f"{D}.data.held_out"),
    ("data.held_out", 1.5, f"{D}.data.held_out"),
    ("data.source", "imagefolder", f"{D}.data.path"),
    ("process.beta_start", 0.5, f"{D}.process.beta_end"),
    ("process.steps", 0, f"{D}.process.steps"),
    ("diffusion.models", {"odd": {"p_uncond": 2}}, f"{D}.diffusion.models.odd.p_uncond"),
    ("diffusion.network.multipliers", [1, 2, 2, 2, 2], f"{D}.diffusion.network.multipliers"),
    ("diffusion.network.attention", [16], f"{D}.diffusion.network.attention"),
    ("diffusion.network.width", 6, f"{D}.diffusion.network.width"),
    ("diffusion.network.dropout", 1, f"{D}.diffusion.network.dropout"),
    ("diffusion.training.lr", 0, f"{D}.diffusion.training.lr"),
    ("diffusion.training.lr", "fast", f"{D}.diffusion.training.lr"),
    ("diffusion.training.warmup", 10**6, f"{D}.diffusion.training.warmup"),
    ("diffusion.training.optimizer", "magic", f"{D}.diffusion.training.optimizer"),
    ("classifiers.training.batch", 0.5, f"{D}.classifiers.training.batch"),
    ("classifiers.eps_train", [], f"{D}.classifiers.eps_train"),
    ("classifiers.eps_train", [0, -0.5], f"{D}.classifiers.eps_train.1"),
    ("classifiers.eps_train", [0, 0.5, 0.5], f"{D}.classifiers.eps_train"),
    ("classifiers.network.layers", [1] * 5, f"{D}.classifiers.network.layers"),
    ("robustness.eps_test", [-1], f"{D}.robustness.eps_test.0"),
    ("robustness.darkness", [2], f"{D}.robustness.darkness.0"),
    ("metrics.classifier", "eps3", f"{D}.metrics.classifier"),
    ("synthesis.classifiers", ["eps9"], f"{D}.synthesis.classifiers"),
    ("synthesis.eps", 0, f"{D}.synthesis.eps"),
    ("sampling.shards", 0, f"{D}.sampling.shards"),
    ("sampling.shards", 99, f"{D}.sampling.shards"),
    ("sampling.seeds", 1, f"{D}.sampling.seeds"),
    ("trajectories.samples", 10**6, f"{D}.trajectories.samples"),
    ("trajectories.variant", "none", f"{D}.trajectories.variant"),
    ("metrics.features", "inception", f"{D}.metrics.features"),
    ("metrics.features", "resnet", f"{D}.metrics.features"),
    ("variants.joint-energy.scales", [], f"{D}.variants.joint-energy.scales"),
    ("variants.joint-energy.scales", [1, 1.0], f"{D}.variants.joint-energy.scales"),
    ("variants.joint-energy.scales", [-1], f"{D}.variants.joint-energy.scales.0"),
    ("variants.joint-energy.classifier", "eps7", f"{D}.variants.joint-energy.classifier"),
    ("variants.joint-energy.model", "big", f"{D}.variants.joint-energy.model"),
    ("variants.joint-energy.steps", 5000, f"{D}.variants.joint-energy.steps"),
    ("variants.joint-energy.unit", "metre", f"{D}.variants.joint-energy.unit"),
    ("variants.classifier-plain.unit", "sigmoid", f"{D}.variants.classifier-plain.sigmoid"),
    ("variants.classifier-plain.sampler", "ddim", f"{D}.variants.classifier-plain.unit"),
    ("variants.ddpm.unit", "sigma", f"{D}.variants.ddpm.unit"),
    ("variants.ddpm.classifier", "eps0", f"{D}.variants.ddpm.classifier"),
    ("variants.joint-energy.system", "energies", f"{D}.variants.joint-energy.system"),
    ("extends", "digitz", f"{D}.extends"),
    ("extends", "mine", f"{D}.extends"),
    ("adversarial", {"latent": 3}, f"{D}.adversarial: is called `ddgan` now"),
    ("energy_guidance.joint", "energy-sigmoid", f"{D}.energy_guidance.joint"),
    ("diffusion.models.joint.snapshots", [5], f"{D}.diffusion.models.joint.snapshots"),
    ("variants.ddpm.scales", [1, 2], f"{D}.variants.ddpm.scales"),
    ("variants.ddpm.steps", 10, f"{D}.variants"),
    ("variants.ddim", {"spacing": "quadratic", "steps": 900}, f"{D}.variants.ddim.steps"),
    ("variants.joint-energy.guidance", "clasifier", f"{D}.variants.joint-energy.guidance"),
    ("variants.joint-energy.scales", [0], f"{D}.variants.joint-energy.scales"),
    ("variants.classifier-free.model", "conditional", f"{D}.variants.classifier-free.model"),
    ("variants.classifier-free.unit", "sigma", f"{D}.variants.classifier-free.unit"),
    ("variants.lost", {"label": "x", "guidance": "joint", "model": "joint", "scales": [1]}, f"{D}.variants.lost.classifier"),
    ("classifiers.eps_train", [0.25, 0.5, 1], f"{D}.classifiers.eps_train"),
    ("classifiers.training.score_every", 0, f"{D}.classifiers.training.score_every"),
    ("classifiers.training.ema_images", 100, f"{D}.classifiers.training.ema_images"),
    ("diffusion.training.score_every", 5, f"{D}.diffusion.training.score_every"),
    ("trajectories.samples", 5, f"{D}.trajectories.samples"),
    ("variants.Bad Name", {"label": "x"}, "Bad Name"),
    ("variants.new", {"label": "x"}, f"{D}.variants.new"),
    ("diffusion.models.conditional.snapshots", [800, 400], f"{D}.diffusion.models.conditional.snapshots"),
    ("diffusion.models.conditional.snapshots", [1600], f"{D}.diffusion.models.conditional.snapshots"),
    ("diffusion.models.conditional.snapshots", [0], f"{D}.diffusion.models.conditional.snapshots.0"),
    ("vdm.gamma", [5, -5], f"{D}.vdm.gamma"),
    ("vdm.models.joint", {"label": "x", "steps": None, "fourier": []}, f"{D}.vdm.models.joint"),
    ("vdm.models.vdm.fourier", [3, 3], f"{D}.vdm.models.vdm.fourier"),
    ("ddgan.models.vdm", {"label": "x", "steps": 2, "kind": "direct"}, f"{D}.ddgan.models.vdm"),
    ("ddgan.models.ddgan-4.kind", "guess", f"{D}.ddgan.models.ddgan-4.kind"),
    ("ddgan.models.ddgan-4.steps", 2000, f"{D}.ddgan.models.ddgan-4.steps"),
    ("ddgan.generator.attention", [3], f"{D}.ddgan.generator.attention"),
    ("modes.stacked.discriminator.multipliers", [1, 1, 1, 1, 1], f"{D}.modes.stacked.discriminator.multipliers"),
    ("modes.points.training.lr_end", 1, f"{D}.modes.points.training.lr_end"),
    ("ddgan.training.betas", [0.5], f"{D}.ddgan.training.betas"),
    ("likelihood.models", ["conditional"], f"{D}.likelihood.models"),
    ("likelihood.steps", [100, 10], f"{D}.likelihood.steps"),
    ("likelihood.steps", [1000], f"{D}.likelihood.steps"),
    ("likelihood.shapes", ["spiral"], f"{D}.likelihood.shapes.0"),
    ("time_classifiers.threats.l2", [0], f"{D}.time_classifiers.threats.l2.0"),
    ("time_classifiers.threats.linf", ["8/0"], f"{D}.time_classifiers.threats.linf.0"),
    ("time_classifiers.threats.l1", [1], f"{D}.time_classifiers.threats"),
    ("time_classifiers.steps", [0], f"{D}.time_classifiers.steps.0"),
    ("time_classifiers.steps", [3], f"{D}.variants.time-robust.classifier"),
    ("implicit.time_classifiers", ["time-l2-0.5-9"], f"{D}.implicit.time_classifiers"),
    ("time_classifiers.network.attention", [16], f"{D}.time_classifiers.network.attention"),
    ("time_classifiers.training.score_every", 5, f"{D}.time_classifiers.training.score_every"),
    ("time_classifiers.training.warmup", 300, f"{D}.time_classifiers.training.warmup"),
    ("variants.joint-energy.classifier", "time-vanilla", f"{D}.variants.joint-energy.classifier"),
    ("variants.joint-energy.unit", "difference", f"{D}.variants.joint-energy.unit"),
    ("variants.time-robust.classifier", "time-l2-0.5-8", f"{D}.variants.time-robust.classifier"),
    ("variants.time-robust.steps", 20, f"{D}.time_classifiers.compared.robust"),
    ("variants.time-vanilla.unit", "sigma", f"{D}.time_classifiers.compared.vanilla"),
    ("variants.free-and-energy.w", 0, f"{D}.variants.free-and-energy.w"),
    ("variants.free-and-energy.model", "unconditional", f"{D}.variants.free-and-energy.model"),
    ("time_classifiers.compared.vanilla", "time-robust", f"{D}.time_classifiers.compared.vanilla"),
    ("time_classifiers.compared.robust", "classifier-plain", f"{D}.time_classifiers.compared.robust"),
    ("time_classifiers.compared.unguided", "joint-model", f"{D}.time_classifiers.compared.vanilla"),
    ("time_classifiers.compared.scale", 3, f"{D}.time_classifiers.compared.scale"),
    ("variants.time-vanilla.scales", [1], f"{D}.time_classifiers.compared.scale"),
    ("diffusion.models.conditional.p_uncond", 0.2, f"{D}.time_classifiers.compared.unguided"),
    ("time_classifiers.gradients.timesteps", [1000], f"{D}.time_classifiers.gradients.timesteps"),
    ("classifier_free.variant", "ddpm", f"{D}.classifier_free.variant"),
    ("classifier_free.unguided", "conditional", f"{D}.classifier_free.variant"),
    ("classifier_free.shown", [0, 7], f"{D}.classifier_free.shown"),
    ("implicit.model", "conditional", f"{D}.implicit.model"),
    ("implicit.classifiers", ["eps9"], f"{D}.implicit.classifiers"),
    ("implicit.levels", 2000, f"{D}.implicit.levels"),
    ("densities.steps", 2000, f"{D}.densities.steps"),
    ("implicit.time_classifiers", ["time-l2-0.5-7", "time-l2-1-7"], f"{D}.implicit.time_classifiers"),
    ("variants.time-vanilla.guidance", "energy", f"{D}.time_classifiers.compared.vanilla"),
    ("densities.scales", [-1], f"{D}.densities.scales.0"),
    ("survey.pairs", 10**6, f"{D}.survey.pairs"),
    ("data.per_class", {"train": 100}, f"{D}.data.per_class"),
    ("weights.eps0", {"file": "a.pt", "sha256": "abc", "format": "plain"}, f"{D}.weights.eps0.sha256"),
    ("weights.eps0", FILE | {"format": "keras"}, f"{D}.weights.eps0.format"),
    ("weights.eps0", FILE | {"format": "diffusers"}, f"{D}.weights.eps0.format"),
    ("weights.eps0", FILE | {"mean": [0.5]}, f"{D}.weights.eps0"),
    ("weights.eps7", FILE, f"{D}.weights.eps7"),
    ("weights.joint", FILE | {"format": "diffusers"}, f"{D}.weights.joint.format"),
    ("weights.joint", FILE | {"mean": [0.5], "std": [0.5]}, f"{D}.weights.joint.mean"),
    ("weights.conditional", FILE, "`diffusion.models.conditional.snapshots` must be []"),
]


@pytest.mark.parametrize(("path", "value", "named"), BAD, ids=[f"{p}={v if v is not DELETE else 'absent'}" for p, v, _ in BAD])
def test_bad_configurations_are_refused_in_one_line_that_names_the_key(path, value, named):
    with pytest.raises(ConfigError) as refused:
        resolve(put(copy.deepcopy(CONFIG), path, value))
    message = str(refused.value)
    assert named in message and "\n" not in message


def paths(node, path=()):
    """The path of everything below `node`, each before what is inside."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from paths(value, (*path, key))


def at(node, path):
    for key in path:
        node = node[key]
    return node


DIGITS = CONFIG
PATHS = list(paths(DIGITS))
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.binary(max_size=3)
    | st.sampled_from([10**400, 0.5, 1, "4/255", "1/0", "eps0", "ddpm", "joint"])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=6
)


def mutated(draw, config):
    """Deletes, replaces, wraps or copies over what is at a random path, or adds beside it; returns the last key of that."""
    *parents, last = draw(st.sampled_from(PATHS))
    node = at(config, parents)
    kind = draw(st.sampled_from(["delete", "replace", "wrap", "copy", "add"]))
    if kind == "delete":
        del node[last]
    elif kind == "add" and isinstance(node, dict):
        last = draw(SCALARS)
        node[last] = draw(VALUES)
    elif kind == "wrap":
        node[last] = draw(st.sampled_from([[node[last]], {last: node[last]}]))
    elif kind == "copy":
        node[last] = copy.deepcopy(at(DIGITS, draw(st.sampled_from(PATHS))))
    else:
        node[last] = draw(VALUES)
    return last


def derived(experiment):
    """All that the rules ask of an experiment before the first job."""
    assert experiment.baseline in experiment.origins.values()
    assert all(network.build and network.module for network in experiment.networks.values())
    for variant in experiment.sampled.values():
        assert variant.model.partition("@")[0] in experiment.networks and all(map(scale_name, variant.scales))
        assert variant.guide is None or variant.guide in experiment.networks
    assert all(count >= 0 for count in experiment.data.images().values())
    if experiment.time_classifiers:
        assert experiment.time_classifiers.snapshots(experiment) and experiment.time_classifiers.robust(experiment)
    if experiment.trajectories:
        assert experiment.trajectories.shown(experiment) in experiment.variants
    assert digest(experiment.dump())


WORDS = {word for key in [*PATHS, *paths(json.loads(SCHEMA.read_text()))] for word in map(str, key)} | {"configuration"}


@settings(max_examples=int(os.environ.get("FUZZ", 300)), deadline=None, derandomize=True, database=None)
@given(st.data())
def test_a_configuration_changed_anywhere_is_refused_by_its_key_or_accepted_with_all_that_follows_from_it(data):
    config, words = copy.deepcopy(DIGITS), {*WORDS}
    for _ in range(data.draw(st.integers(1, 2))):
        with contextlib.suppress(LookupError, TypeError):  # the first change may have taken the second's place away
            words.add(str(mutated(data.draw, config)))
    words |= {str(word) for path in paths(config) for word in path}
    try:
        derived(resolve(config)[0])
    except ConfigError as error:
        key, colon, said = str(error).partition(": ")
        named = key.rstrip(".")  # what is below may be called nothing
        assert said and "\n" not in said and any(named.endswith(word) for word in words - {""})


def test_the_schema_is_that_of_the_model_and_describes_every_key():
    assert json.loads(SCHEMA.read_text()) == schema(), "python -m energyguide.config.model writes it, in workflow/"

    def walk(node, path):
        for key, sub in node.get("properties", {}).items():
            assert "$ref" in sub or len(sub.get("description", "")) > 10, f"{path}.{key}"

    for name, definition in {"": schema(), **schema()["$defs"]}.items():
        walk(definition, name)


def test_merge_lays_over_mappings_replaces_the_rest_and_removes_by_null():
    base = {"a": {"x": 1, "y": [1, 2]}, "b": {"z": 1}, "c": None}
    assert merge(base, {"a": {"y": [3]}, "b": None, "c": 1}) == {"a": {"x": 1, "y": [3]}, "c": 1}
    assert base["a"]["y"] == [1, 2]


def test_a_class_count_that_does_not_fit_the_folders_is_refused(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "train" / name).mkdir(parents=True)
    config = put(copy.deepcopy(CONFIG), "data.source", "imagefolder")
    config = put(put(config, "data.path", str(tmp_path)), "data.classes", 3)
    with pytest.raises(ConfigError, match=r"data\.classes: 3 does not fit: .* holds 2 folders"):
        resolve(config)
    resolve(put(config, "data.classes", 2))
