"""What counts in the digests that results depend on, and what does not."""

import ast
import hashlib
import shutil
import subprocess
import sys

import pytest
from project import ROOT

from energyguide.run import digests
from energyguide.run.digests import canonical, closure, code, code_of, named

SOURCE = '''
"""What the module is for."""

import math
from functools import cache

SIZE = 3  # of a group


class Parameters:
    steps: int
    lr: float


class Group(list):
    """Some numbers."""

    limit: int = 8

    @property
    def mean(self):
        """Of all numbers."""
        if not self:
            raise ValueError(f"a group without numbers, of at most {self.limit}")
        return sum(self) / len(self)


@cache
def weight(x, /, power=2, *, shift=0.5, **more):
    """A function."""
    print("weighing", x)
    return math.exp(-((x - shift) ** power))


async def gather(tasks):
    async with tasks as group:
        return [await task async for task in group if (done := task.done) and done is not None]


def described(x):
    match x:
        case {"kind": str(kind), **rest} if rest:
            return f"{kind!r:>{SIZE}} {len(rest):.2f}"
        case [first, *_] | (first, _):
            return lambda *items, key=first: (*items, key)
        case Group(mean=0.0 | 1e-7 | -2j) | None:
            return b"\\x00" + "\\u00e9".encode()
    try:
        del x[0:2, ...]
    except (KeyError, TypeError) as error:
        raise RuntimeError("no such key") from error
    else:
        yield from ({a, b} for a, b in zip(x, x[1:]) if a < b <= SIZE)
    finally:
        SIZE << 1
'''
PINNED = "25a459ab2506441f659959b297b6fb66c23f60676b297287692300726db7521f"


def digest(source):
    return hashlib.sha256(repr(canonical(ast.parse(source).body)).encode()).hexdigest()


def of_module(source):
    """The digest as it stands in the params, without the module's name."""
    return digests.shown(digests.PACKAGE / "made_up.py", ast.parse(source).body).split()[1]


def replaced(old, new):
    assert SOURCE.count(old) == 1, old
    return SOURCE.replace(old, new)


def test_the_digest_of_a_text_is_the_same_for_ever():
    """On every Python: where their syntax trees differ, it is in fields that are empty."""
    assert digest(SOURCE) == PINNED


EVERY = """
import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
from energyguide.run import digests
print(digests.canonical(digests.ast.parse(sys.stdin.read()).body))
for file in sorted([*digests.PACKAGE.rglob("*.py"), *digests.SCRIPTS.glob("*.py")]): print(digests.of_module(file))
"""


def every(python):
    """What another Python, if it is there, makes of the text above and of all modules; it needs no package."""
    run = [python, "-c", EVERY, str(ROOT / "workflow")]
    return subprocess.run(run, input=SOURCE, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_other_pythons_make_the_same_digests(version):
    python = shutil.which(f"python{version}")
    if not python or subprocess.run([python, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"there is no Python {version} here")
    assert every(python) == every(sys.executable)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # of a group", ""),
        ("SIZE = 3", "# above\nSIZE = (\n    3\n)\n"),
        ('"""What the module is for."""', ""),
        ('    """A function."""\n', '    """Another description."""\n'),
        ('        """Of all numbers."""\n', ""),
        ('    """Some numbers."""\n', "    'Some numbers, in other quotes.'\n"),
        ('"kind"', "'kind'"),
        ('f"a group without numbers, of at most {self.limit}"', '"no numbers"'),
        ('raise RuntimeError("no such key") from error', "raise RuntimeError"),
        ('    print("weighing", x)\n', ""),
        ('print("weighing", x)', 'import_warnings.warn(f"{x} is weighed", stacklevel=2)'),
        ("    lr: float", "    lr: str = 'fast'\n    more: int"),
        ("class Parameters:\n    steps: int\n    lr: float\n", ""),
    ],
)
def test_what_does_not_count(old, new):
    assert of_module(replaced(old, new)) == of_module(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SIZE = 3", "SIZE = 4"),
        ("SIZE = 3", "SIZE = 3.0"),
        ("SIZE = 3", "SIZE: int = 3"),
        ("limit: int = 8", "limit: int = 9"),
        ("limit: int = 8", "limit: float = 8"),
        ("power=2", "power=3"),
        ("shift=0.5", "shift"),
        (" /,", ""),
        ("def weight(", "def weigh("),
        ("@cache\n", ""),
        ("async def gather", "def gather_not_used(): ...\n\n\nasync def gather"),
        ("class Group(list)", "class Group(tuple)"),
        ("if not self:", "if self:"),
        ("a < b <= SIZE", "a <= b <= SIZE"),
        ("raise ValueError(", "raise TypeError("),
        ("raise RuntimeError(", "raise OSError("),
        ("except (KeyError, TypeError)", "except KeyError"),
        ("{kind!r:>{SIZE}}", "{kind!s:>{SIZE}}"),
        ("{len(rest):.2f}", "{len(rest):.3f}"),
        ("if rest:", "if not rest:"),
        ("| None:", "| False:"),
        ("[0:2, ...]", "[0:3, ...]"),
        ("SIZE << 1", "SIZE >> 1"),
        ("is not None", "is None"),
        ("(*items, key)", "(*items, key, key)"),
        ("import math", "import cmath as math"),
    ],
)
def test_what_counts(old, new):
    assert of_module(replaced(old, new)) != of_module(SOURCE)


def test_a_statement_that_computes_is_seen_beside_one_that_tells():
    told = "def f(x):\n    print(x)\n    {}\n    return x\n"
    assert of_module(told.format("x += 1")) != of_module(told.format("pass"))
    assert of_module("y = print(1)") != of_module("")


def test_empty_fields_do_not_count():
    """Newer Pythons give functions and classes `type_params`, which older ones do not know."""
    body, arguments = [ast.Return(ast.Constant(1))], ast.parse("def f(a): pass").body[0].args
    given = {"name": "f", "args": arguments, "body": body, "decorator_list": []}
    plain, newer = ast.FunctionDef(**given), ast.FunctionDef(**given)
    plain._fields = tuple(field for field in plain._fields if field != "type_params")
    newer._fields = (*plain._fields, "type_params")
    newer.type_params = []
    assert canonical(plain) == canonical(newer)
    newer.type_params = [ast.Name("T", ast.Load())]
    assert canonical(plain) != canonical(newer)


def names(found):
    return {digest.split()[0] for digest in found}


def test_a_network_has_what_it_is_built_on_and_nothing_that_carries_files_or_jobs():
    assert names(named("nets/vdm")) == {"nets/vdm", "nets/unet"}
    wide = named("classifiers/load", "diffusion/denoisers/ddgan", "diffusion/denoisers/vdm")
    assert {"nets/weights", "nets/device", "diffusion/samplers", "data/noise"} <= names(wide) and wide == sorted(set(wide))
    assert not [name for name in names(wide) if name.startswith(("files/", "run/"))]
    assert named("nets/unet", "nets/vdm") == named("nets/vdm")


@pytest.mark.parametrize("script", sorted(file.name for file in digests.SCRIPTS.glob("*.py") if file.name != "job.py"))
def test_scripts_have_themselves_and_what_they_import_but_nothing_that_carries_files_or_jobs(script):
    found = code(script)
    assert found[f"code_scripts_{script.removesuffix('.py')}"].startswith(f"scripts/{script.removesuffix('.py')} ")
    assert not [name for name in names(found.values()) if name.startswith(("files/", "run/", "scripts/job"))]
    assert all(key == f"code_{digest.split()[0].replace('/', '_')}" for key, digest in found.items())


def test_modules_that_are_imported_only_by_others_count_too():
    found = {str(file.relative_to(digests.PACKAGE)) for file in closure(digests.PACKAGE / "diffusion/denoisers/diffusion.py")}
    assert {"diffusion/denoisers/diffusion.py", "diffusion/schedule.py", "diffusion/spacing.py", "nets/weights.py"} <= found


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """A function that edits a module in a copy of the package, and tells which digests of a table that changes.

    The table is the summary of the topic `guidance`.
    """
    for folder in ("energyguide", "scripts"):
        shutil.copytree(ROOT / "workflow" / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    package = tmp_path / "energyguide"
    monkeypatch.setattr(digests, "PACKAGE", package)
    monkeypatch.setattr(digests, "SCRIPTS", tmp_path / "scripts")
    monkeypatch.setattr(digests, "TOPICS", package / "reporting")

    def forget():
        for function in (digests.tree, digests.imports, digests.closure, digests.of_module):
            function.cache_clear()

    def found():
        forget()
        return code_of("table.py", "topics/guidance", "table_summary")

    def edit(module, old, new):
        before, file = found(), package / module
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} in {module}"
        file.write_text(text.replace(old, new))
        after = found()
        assert before.keys() == after.keys()
        file.write_text(text)
        return {key for key in before if before[key] != after[key]}

    yield edit
    forget()


def test_a_table_depends_on_itself_and_not_on_the_rest_of_its_topic(edited):
    topic = "reporting/topics/guidance.py"
    assert edited(topic, 'body, "lrr" + "c" * len(keys))', 'body, "llr" + "c" * len(keys))') == {"code_reporting_topics_guidance"}
    assert edited(topic, 'figsize=(WIDTH, 4.4), sharex="col"', 'figsize=(WIDTH, 5), sharex="col"') == set()
    assert (
        edited(topic, '"nSystems": len(samples.variants), "sayOverall": samples', '"nSystems": 0, "sayOverall": samples') == set()
    )
    assert edited(topic, "Every guidance system at its best scale", "Each system at its best scale") == set()


def test_of_what_topics_share_only_the_parts_count_that_are_used(edited):
    rows = "reporting/rows.py"
    assert edited(rows, '"unit": unit or ""', '"unit": unit or "none"') == {"code_reporting_rows"}
    assert edited(rows, '{"0": without,', '{"zero": without,') == set()
    measures = '"recall": ("R", 2, 1)', '"recall": ("R", 3, 1)'  # in a name at the top
    assert edited("reporting/layout.py", *measures) == {"code_reporting_layout"}
    assert edited("reporting/style.py", "WIDTH = 6.5", "WIDTH = 7") == set()
    assert edited("metrics/scales.py", 'f"{scale:g}"', 'f"{scale:f}"') == {"code_metrics_scales"}
    assert edited("files/atomic.py", "indent=1", "indent=2") == set()


def test_what_a_shared_module_does_whenever_it_is_imported_counts(edited):
    assert edited("reporting/rows.py", "\n\ndef variant_row", "\n\nUNITS.clear()\n\n\ndef variant_row") == {"code_reporting_rows"}
