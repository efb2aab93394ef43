"""Classes of any name: they are printed as they are called, in figures, LaTeX and HTML, or refused before any job."""

import html
import json
import re
import subprocess
import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from project import TEX

from energyguide.config.parts import ConfigError
from energyguide.config.printing import GREEK, LATIN, PRINTED, check_names
from energyguide.reporting.captions import braced
from energyguide.reporting.markup import markup
from energyguide.reporting.names import classes, drawn, latex
from energyguide.reporting.topics import energy_guidance

ODD = [
    "C#",
    "US$",
    "x^2",
    "}",
    "{",
    "a\\b",
    "[x]",
    "*",
    "a--b",
    "<<z>>",
    "don't",
    "``",
    "''",
    "a%b",
    "R&D",
    "_x",
    "~",
    '"q"',
    ",,",
]
ODD += ["\\LaTeX", "$1$", "#1", "---", "$", "\\$", "^^M", "{}", "?`", "all", "été", "Straße", "łódź"]
PREAMBLE = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{lmodern,amsmath,amssymb}"


def refused(*names, **labels):
    """What is said of classes of these names; None if they are taken."""

    def need(condition, key, message):
        if not condition:
            raise ConfigError(f"{key}: {message}")

    try:
        check_names(need, {name: labels.get(name, name) for name in names})
    except ConfigError as error:
        return str(error)
    return None


def typeset(folder, cells):
    """The lines of text in a PDF of a table of these cells, as the project's preamble sets it."""
    rows = "\n".join(rf"{cell} & . \\" for cell in cells)
    body = rf"\begin{{document}}\pagestyle{{empty}}\begin{{tabular}}{{ll}}{rows}\end{{tabular}}\end{{document}}"
    (folder / "a.tex").write_text(f"{PREAMBLE}\n{body}\n")
    run = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"], cwd=folder, capture_output=True)
    assert not run.returncode, run.stdout.decode(errors="replace")[-2000:]
    text = subprocess.run(["pdftotext", "-layout", "a.pdf", "-"], cwd=folder, capture_output=True, text=True).stdout
    lines = [line.strip().removesuffix(".").strip() for line in text.split("\n") if line.strip(" \f")]
    return [unicodedata.normalize("NFKC", line) for line in lines]


@pytest.mark.skipif(not TEX, reason="there is no TeX")
def test_latex_prints_every_name_as_it_is(tmp_path):
    assert typeset(tmp_path, map(latex, ODD)) == [unicodedata.normalize("NFKC", name) for name in ODD]


@pytest.mark.skipif(not TEX, reason="there is no TeX")
def test_latex_has_every_character_that_is_allowed(tmp_path):
    letters = [*LATIN.replace("Đ", ""), *(chr(code) for code in range(33, 127))]  # in print, a Đ is an Ð
    for first in range(0, len(letters), 50):
        names = [f"{letter}x" for letter in letters[first : first + 50]]
        assert typeset(tmp_path, map(latex, names)) == names
    typeset(tmp_path, [latex(GREEK)])


def test_the_font_of_the_figures_has_every_character_that_is_allowed():
    known = FT2Font(font_manager.findfont("DejaVu Serif")).get_charmap()
    assert not {letter for letter in PRINTED if ord(letter) not in known}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(name=st.text(sorted(PRINTED - {*GREEK}), min_size=1, max_size=12))
def test_a_name_comes_back_from_latex_and_html(name):
    """Names of these characters: as HTML they are what they were, braces are in pairs, and figures draw no formula."""
    cell = latex(name)
    assert html.unescape(markup(cell)) == " ".join(name.split())
    assert braced(f"{{{cell}}}", 0) == cell
    assert re.sub(r"\\\$", "", drawn(name)).count("$") == 0


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["猫", "犬"],
            "path: class 猫 has 猫, which figures or LaTeX cannot print; say how it is printed, by `data.labels: {猫: ...}`",
        ),
        (["кот"], "class кот has кот, which"),
        (["γάτα"], "class γάτα has ά, which"),
        (
            ["🐈"],
            "class '🐈' has '🐈', which figures or LaTeX cannot print; say how it is printed, by `data.labels: {'🐈': ...}`",
        ),
        (["a\x07b"], r"class 'a\x07b' has '\x07', which"),
        (["\udcff"], r"class '\udcff' has"),
        (["x" * 41], "has more than 40 characters; say how it is printed"),
        (["a b", "a  b"], "classes 'a b' and 'a  b' look the same in print; say"),
        (["é", "e\u0301"], "look the same in print"),
        (["\u00a0"], "has no letter"),
    ],
)
def test_a_name_that_cannot_be_printed_is_refused_by_its_folder(names, said):
    assert said in refused(*names) and "\n" not in refused(*names)


def test_a_label_stands_for_a_name():
    assert refused("猫", "犬", 猫="cat", 犬="dog") is None and refused(*ODD, "αβ") is None
    assert refused("猫", "犬", 猫="dog", 犬="dog").startswith("labels: classes 猫 and 犬 look the same")
    assert "labels: class a has" in refused("a", a="猫")


def test_classes_are_printed_by_their_labels(tmp_path):
    (tmp_path / "data.json").write_text(json.dumps({"classes": ["猫", "e\u0301te\u0301", "US$"]}))
    assert classes(tmp_path / "data.json", {"猫": "cat  one"}) == ["cat one", "été", "US$"]


def energies(tmp_path, means):
    """The statistics of one classifier: by class, of these means."""

    def statistics(mean, n=4):
        quantiles = {str(q): mean + q for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
        return {"n": n, "mean": mean, "std": 1, "quantiles": quantiles, "histogram": {"low": 0, "high": 1, "counts": [n]}}

    kind = {"all": statistics(50, 99), "classes": {name: statistics(mean) for name, mean in means.items()}}
    path = tmp_path / "eps0.json"
    path.write_text(json.dumps({"eps_train": 0, "E(x)": kind, "E(x,y)": kind}))
    return SimpleNamespace(results=[path], energies=[path])


def test_a_class_called_all_has_its_own_numbers(tmp_path):
    inputs = energies(tmp_path, {"all": 1, "C#": 2})
    table = energy_guidance.table_energy(inputs, SimpleNamespace(labels={}))
    assert [row and row[:2] for row in table.body] == [
        ["all", r"$1.0 \pm 1.0$"],
        [r"C\#", r"$2.0 \pm 1.0$"],
        None,
        ["All images", r"$50.0 \pm 1.0$"],
    ]
    assert [(row["class"], row["n"]) for row in table.records[::2]] == [("all", 4), ("C#", 4), ("", 99)]
    labelled = energy_guidance.table_energy(inputs, SimpleNamespace(labels={"all": "each"}))
    assert labelled.body[0][0] == "each" and labelled.records[0]["class"] == "all"


def test_of_many_classes_the_extremes_are_shown_and_the_csv_has_all(tmp_path):
    inputs = energies(tmp_path, {f"c{i}": i for i in range(200)})
    table = energy_guidance.table_energy(inputs, SimpleNamespace(labels={}))
    assert len(table.body) == 43 and [r"\emph{160 classes between}", "", ""] in table.body and len(table.records) == 402
    assert [row[0] for row in table.body[19:21]] == ["c19", "c180"]
    figure = energy_guidance.figure_energy_by_class(inputs, SimpleNamespace(labels={"c0": "US$"}))
    ticks = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert len(ticks) == 40 and ticks[0] == r"US\$" and figure.get_figheight() < 8
