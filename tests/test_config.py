"""The configuration: what is shipped is valid, and what is wrong is refused in one line that names the key."""

import contextlib
import copy
import json
import os
import shutil

import pytest
import yaml
from bad_configurations import BAD, DELETE, FILE
from hypothesis import given, settings
from hypothesis import strategies as st
from project import ROOT, resolved

from energyguide.config.experiments import merge, resolve
from energyguide.config.model import SYSTEMS, schema
from energyguide.config.names import scale_name
from energyguide.config.parts import ConfigError
from energyguide.files.atomic import digest

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"experiment": "mine"}
CONFIG["experiments"] = {"mine": yaml.safe_load((ROOT / "experiments/digits.yaml").read_text())}
SCHEMA = ROOT / "workflow/schemas/config.schema.json"


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


def test_released_weights_have_no_snapshots():
    config = put(put(copy.deepcopy(CONFIG), "variants.autoguidance", DELETE), "weights.conditional", FILE)
    refused(config, r"`diffusion\.models\.conditional\.snapshots` must be \[\]")


@pytest.mark.parametrize("name", [file.stem for file in (ROOT / "experiments").glob("*.yaml") if file.stem != "images"])
def test_shipped_experiments_are_valid(name):
    resolve({**copy.deepcopy(CONFIG), "experiment": name})


def test_the_preset_for_images_asks_for_their_folder():
    refused(
        {**copy.deepcopy(CONFIG), "experiment": "images"}, r"images\.data\.path: is missing: source 'imagefolder' needs a folder"
    )


def test_what_the_tools_lay_over_the_tiny_experiment_fits():
    over = yaml.safe_load((ROOT / "tools/faults/lasting.yaml").read_text())
    assert resolved(**over["experiments"]["tiny"]).systems.keys() == {"energy_guidance", "trajectories"}


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
        assert variant.model.partition("@")[0] in experiment.networks and all(map(scale_name, variant.grid))
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
        assert said and "\n" not in said and any(name.endswith(word) for name in (key, named) for word in words - {""})


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


@pytest.fixture
def images(tmp_path):
    """An experiment on a folder of two classes; and a function that puts so many files into train/ and test/ of a class."""

    def fill(name, train=8, test=2):
        for part, count in {"train": train, "test": test}.items():
            folder = tmp_path / part / name
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(count):
                (folder / f"{i}.png").touch()

    fill("cat")
    fill("dog")
    config = put(copy.deepcopy(CONFIG), "data", {"source": "imagefolder", "path": str(tmp_path), "channels": 1, "size": 8})
    return put(config, "data.held_out", 0.25), fill


def refused(config, said):
    with pytest.raises(ConfigError, match=said) as error:
        resolve(config)
    assert "\n" not in str(error.value)


def test_a_class_count_that_does_not_fit_the_folders_is_refused(images):
    refused(put(images[0], "data.classes", 3), r"data\.classes: 3 does not fit: .* holds 2 folders")
    resolve(put(images[0], "data.classes", 2))


def test_classes_are_counted(images):
    config, fill = images
    assert resolve(config)[0].data.classes == 2 and resolve(CONFIG)[0].data.classes == 10
    fill("bird")
    data = resolve(config)[0].data
    assert data.classes == 3 and data.images() == {"train": 18, "val": 6, "test": 6}


def test_a_folder_that_is_not_there_is_refused_where_its_classes_are_to_be_counted(images):
    refused(put(images[0], "data.path", "/nowhere"), r"data\.path: /nowhere is missing; put train/<class>/ and test/<class>/")
    refused(put(put(copy.deepcopy(CONFIG), "data.path", "x"), "data.classes", 10), r"data\.path: source 'digits' reads no folder")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"cow": {"train": 8, "test": 0}}, "test/cow holds no image; put some there, or remove the folder"),
        ({"cow": {"train": 0, "test": 2}}, "train/cow holds no image; put some"),
        ({"cow": {"train": 4, "test": 2}}, None),
        ({"cow": {"train": 3, "test": 2}}, "class cow has 2 images in train without those held out, and measures need 3; add im"),
        ({"cow": {"train": 4, "test": 1}}, "class cow has 1 images in test, and measures need 2; add images to it"),
    ],
)
def test_sets_of_few_images_are_refused_or_taken(images, files, said):
    config, fill = images
    for name, count in files.items():
        fill(name, **count)
    if said:
        refused(config, said)
    else:
        resolve(config)


def test_sets_that_are_too_small_are_refused_before_any_job(tmp_path, images):
    config, fill = images
    for part in ("train", "test"):
        shutil.rmtree(tmp_path / part)
    fill("cat", 1, 1)
    refused(config, r"data\.path: .*/train holds one class, and there must be at least 2; add")
    fill("dog", 1, 1)
    refused(config, r"data\.held_out: no image would be held out: classes have at most 1; raise it, or add images")
    refused(
        put(copy.deepcopy(config), "data.held_out", 0.9), r"data\.held_out: all images of class cat would be held out; lower it"
    )
    fill("cat", 3, 1)
    fill("dog", 2, 1)
    refused(config, r"data\.path: .*/train has 4 images|/test has 2 images, and measures need 4; add images")
    fill("cat", 4, 2)
    fill("dog", 4, 3)
    resolve(config)
    refused(put(config, "data.per_class", {"train": 8, "test": 1}), "/test has 2 images, and measures need 4")


def test_a_test_folder_with_a_class_more_is_refused_before_any_job(tmp_path, images):
    (tmp_path / "test/cow").mkdir()
    (tmp_path / "test/cow/1.png").touch()
    refused(images[0], r"the classes of train/ and test/ differ \(cow\); give both the same folders")


def test_two_hundred_classes_are_taken_or_end_in_one_line(images):
    config, fill = images
    for i in range(198):
        fill(f"c{i}")
    refused(config, r"sampling\.samples: must be at least 400: KID needs two of each class in a set")
    config = put(config, "sampling.samples", 400)
    refused(config, r"trajectories\.samples: must show each of the 200 classes once; raise it to 200")
    config = put(config, "trajectories.samples", 200)
    refused(
        put(copy.deepcopy(config), "sampling.shards", 12), "the first shard has 200 samples, and figures show 400; raise `batch`"
    )
    assert resolve(config)[0].data.classes == 200
