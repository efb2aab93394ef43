"""Tables, sentences and the PDF, from measurements made up for the purpose."""

import base64
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from measurements import PROTOCOL, write

from energyguide.files.arrays import save_arrays
from energyguide.metrics.scales import best_scale, read_metrics
from energyguide.metrics.statistics import Number, compare
from energyguide.reporting import style
from energyguide.reporting.captions import Place, places
from energyguide.reporting.layout import Published, Table, plus_minus
from energyguide.reporting.read import first_samples
from energyguide.reporting.samples import Samples
from energyguide.reporting.topics import energy_guidance, guidance, robustness, unguided
from energyguide.reporting.typeset import first_problem, typeset

PUBLISHED = """experiment,table,row,column,value,data,source
cifar10,robustness,0.5,1,68.63,CIFAR-10,Thesis
cifar10,unconditional,ddpm,fid,16.49,CIFAR-10,Thesis
"""


def measured(fid, accuracy=0.5, divergence=1.0):
    values = {"is": 2.0, "fid": fid, "precision": 0.5, "recall": 0.5, "accuracy": accuracy, "energy_divergence": divergence}
    sets = {key: [value, value + 0.01] for key, value in values.items()}
    return {**sets, "fjd_train": [fid, fid], "fid_all_train": [fid], "seconds_per_image": [0.1]}


def metrics(folder, variant, scales):
    """Files as the rule `metrics` writes them, one for each scale; scale -> (FID, class accuracy)."""
    return [
        write(
            folder / f"metrics/{variant}/{s:g}.json",
            {"evaluations": [5, 5], "protocol": PROTOCOL, "scales": {f"{s:g}": measured(*m)}},
        )
        for s, m in scales.items()
    ]


def robustness_files(folder):
    protocol = {"attack": "PGD-20", "norm": "l2", "images": "test", "n": 10}
    grids = {0: {"0": 0.95, "0.5": 0.0}, 1: {"0": 0.8, "0.5": 0.7}}
    return [
        write(folder / f"robustness/eps{eps}.json", {"eps_train": eps, "protocol": protocol, "accuracy": grid})
        for eps, grid in grids.items()
    ]


@pytest.fixture
def published(tmp_path):
    return write(tmp_path / "published.csv", PUBLISHED)


@pytest.mark.parametrize(("experiment", "cell"), [("cifar10", r"\textbf{70.00} (68.63)"), (None, r"\textbf{70.00}")])
def test_published_robustness_stands_beside_ours_where_there_is_one(tmp_path, published, experiment, cell):
    inputs = SimpleNamespace(results=robustness_files(tmp_path), published=published)
    table = robustness.table_robustness(inputs, SimpleNamespace(published=experiment))
    assert f"$0.5$ & 0.00 & {cell} \\\\" in table.latex()
    assert "0.5,1,0.7," + ("0.6863" if experiment else "") + ",PGD-20,l2,test,10" in table.csv()


def test_published_quality_has_a_line_of_its_own(tmp_path, published):
    floor = write(tmp_path / "floor.json", {"images": "train", "protocol": PROTOCOL, **measured(3.0)})
    files = metrics(tmp_path, "ddpm", {0: (15.0,)})
    inputs = SimpleNamespace(metrics=files, floor=floor, published=published)
    columns = ["is", "fid", "precision", "recall"]
    rows = "".join(f"cifar10,unconditional,ddpm,{c},16.49,CIFAR-10,Thesis\n" for c in columns)
    write(tmp_path / "published.csv", PUBLISHED + rows)
    params = SimpleNamespace(published="cifar10", variants={"ddpm": {"label": "DDPM", "steps": 5}})
    text = unguided.table_unconditional(inputs, params).latex()
    assert r"\quad reported, CIFAR-10 &  & 16.49 & 16.49 & 16.49 & 16.49 & -- \\" in text
    assert "FID (200/train)" in text and r"& $15.00$ \\" in text


def test_scales_of_several_files_are_one_measurement_and_the_best_has_the_least_joint_distance(tmp_path):
    files = metrics(tmp_path, "v", {16: (3.0,), 1: (5.0,), 4: (2.0,)}) + metrics(tmp_path, "w", {1: (9.0,)})
    found = read_metrics(files, "v")
    assert list(found["scales"]) == ["1", "4", "16"] and best_scale(found) == 4
    found["scales"]["4"] = lost = {"diverged": {"count": 1, "of": 9, "step": 0}}
    assert best_scale(found) == 16
    assert best_scale({"scales": dict.fromkeys(found["scales"], lost)}) == 1


def test_the_first_samples_at_a_scale_come_from_the_shard_that_holds_it(tmp_path):
    images = np.arange(3 * 4, dtype=np.uint8).reshape(3, 1, 2, 2)
    for scales in ("1_4", "16"):
        save_arrays(tmp_path / f"samples/v/{scales}/0.npz", {scale: images + int(scale) for scale in scales.split("_")})
    paths = list(map(str, tmp_path.glob("samples/v/*/0.npz")))
    assert (first_samples(paths, "v", 4.0, 2) == images[:2] + 4).all()
    with pytest.raises(ValueError, match="0.npz holds 3 samples where 4"):
        first_samples(paths, "v", 16, 4)


def test_the_drawn_schedulers_are_those_of_the_guidance():
    from energyguide.diffusion.schedule import linear_schedule
    from energyguide.diffusion.units import sigmoid
    from energyguide.studies.units import curves

    given = {"y0": 0.1, "k": 0.01, "t0": 500}
    drawn, schedule = curves({"steps": 1000, "beta_start": 1e-4, "beta_end": 0.02}, [given]), linear_schedule()
    assert np.allclose(drawn["standard"], (1 - schedule.abar).sqrt()) and np.allclose(drawn["sigma"], schedule.sigma("small"))
    assert np.allclose(drawn["sigmoid"], [[sigmoid(t, **given) for t in range(1000)]])


def test_a_number_has_the_standard_deviation_of_its_sets():
    assert Number.of([1.0, 3.0]) == Number(2.0, 2**0.5)
    assert plus_minus([0.25, 0.75], 1, 100) == r"$50.0 \pm 35.4$"


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [((2, 0.1), (1, 0.1), "more"), ((1, 0.1), (2, 0.1), "less"), ((1, 0.8), (2, 0.8), "same"), ((1, 0), (1, 0), "same")],
)
def test_comparisons_respect_the_uncertainty(a, b, said):
    assert compare(Number(*a), Number(*b), "more", "less", "same") == said


def samples(folder, variants):
    """`Samples` of variants: name -> (block, scales)."""
    blocks = {name: {"label": name.upper(), "model": "m", **block} for name, (block, _) in variants.items()}
    files = [path for name, (_, scales) in variants.items() for path in metrics(folder, name, scales)]
    floor = write(folder / "floor.json", {"images": "train", "protocol": PROTOCOL, **measured(1.0)})
    models = {"m": {"p_uncond": 1}}
    params = SimpleNamespace(title="tests", models=models, variants=blocks, baseline="free", energy_classifier="eps1")
    params.classifiers = {"eps1": {"kind": "classifier", "eps_train": 1}}
    return Samples(SimpleNamespace(metrics=files, floor=floor), params)


FREE = ({"guidance": "unguided", "sampler": "ddpm", "steps": 5}, {0: (5.0, 0.1)})


def energy(**more):
    return {"guidance": "energy", "unit": "sigmoid", "classifier": "eps1", **more}


@pytest.mark.parametrize(("after", "verb"), [(0.2, "narrows"), (1.0, "does not, beyond its spread, change"), (3.0, "widens")])
def test_the_sentence_on_dE_follows_the_measurement(tmp_path, after, verb):
    found = samples(
        tmp_path,
        {
            "free": FREE,
            "before": (energy(), {1: (4.0, 0.9, 1.0)}),
            "after": (energy(guidance="joint", **{"lambda": 0.5}), {1: (4.0, 0.9, after)}),
        },
    )
    assert verb in energy_guidance.numbers_joint(found, {"sigmoid": "before", "joint": "after"})["sayJoint"]


def test_the_sentence_on_scales_counts_rises_peaks_and_least_fid(tmp_path):
    found = samples(
        tmp_path,
        {
            "free": FREE,
            "rising": (energy(), {1: (2.0, 0.5), 2: (3.0, 0.9)}),
            "peaked": (energy(), {1: (3.0, 0.5), 2: (2.0, 0.9), 4: (4.0, 0.6)}),
            "broken": (energy(), {1: (3.0, 0.05), 2: (2.0, 0.9)}),
        },
    )
    said = guidance.numbers_scales(found)["sayScales"]
    assert "in 2 of the 3 variants" in said and "in 1 the largest" in said and "smallest scale tried in 1." in said


def test_sentences_without_their_variants_say_so(tmp_path):
    found = samples(tmp_path, {"free": FREE, "one": (energy(), {1: (2.0, 0.5)})})
    assert "in this experiment" in guidance.numbers_plain_against_robust(found)["sayPlainRobust"]
    alone = {"standard": None, "sigmoid": "one"}
    assert "in this experiment" in energy_guidance.numbers_schedulers(found, alone)["saySchedulers"]
    assert "DDPM has an FID" in unguided.numbers_unguided(found)["sayUnconditional"]


def test_published_numbers_are_compared_cell_by_cell(tmp_path, published):
    inputs = SimpleNamespace(robustness=robustness_files(tmp_path), published=published)
    said = robustness.numbers_published(inputs, SimpleNamespace(published="cifar10"))["sayPublished"]
    assert "1 cells" in said and "1.4 points" in said


PAPER = {
    "main.tex": r"""
\newcommand{\Ebar}{\bar{E}}
\newcommand{\fittable}[1]{\input{../tables/#1}}
\begin{document}
\input{sections/one}
\system{gone}\with{gone}{\begin{table}[t] \caption{Not here.} \fittable{a} \end{table}}
\appendix
\input{sections/more}
""",
    "sections/one.tex": r"""
\section{One}
\label{sec:one}
\begin{equation} x \label{eq:x} \end{equation}
\begin{table} \caption{By hand.} \label{tab:hand} \end{table}
\begin{table} \caption{Left out.} \fittable{absent} \end{table}
\begin{table}[t]
  \caption{On \data{}, as in Table~\ref{tab:hand} of Section~\ref{sec:more} and~\eqref{eq:x}.}
  \fittable{a}
\end{table}
""",
    "sections/more.tex": r"""
\section{More}
\subsection{Still more}
\label{sec:more}
\begin{figure} \includegraphics[width=.6\linewidth]{b}
  \caption{After \citet{abc}: \emph{the} $\Ebar_y$ \citep{de,abc}, at 5\,\%.}
\end{figure}
\with{gone,kept}{\input{../tables/c}}
""",
    "references.bib": """
@misc{abc,
  author = {Aa, X and Bb, Y and Cc, Z},
  year = {2001},
}
@misc{de,
  author = {Dd, X and Ee, Y},
  year = {2002},
}
""",
}


def test_captions_are_those_of_the_paper_with_its_numbers(tmp_path):
    for name, text in PAPER.items():
        write(tmp_path / name, text)
    generated, macros = {"table_a", "figure_b", "table_c"}, tmp_path / "numbers.tex"
    assert places(tmp_path, [macros], generated, {"kept"})["table_a"] == Place("1 One", "Table 2", "")
    write(macros, r"\newcommand{\data}{digits of $8\times8$}")
    found = places(tmp_path, [macros], generated, {"kept"})
    assert found.keys() == generated and found["table_c"] == Place("A More")
    assert found["table_a"].caption.startswith("On digits of <math>")
    assert found["table_a"].caption.endswith(", as in Table&nbsp;1 of Section&nbsp;A.1 and&nbsp;(1).")
    b = found["figure_b"]
    assert (b.section, b.number) == ("A More", "Figure 1")
    assert (
        b.caption.startswith("After Aa et al. (2001): <em>the</em> <math><mover") and "<msub><mrow></mrow><mi>y</mi>" in b.caption
    )
    assert b.caption.endswith("</math> (Dd and Ee, 2002; Aa et al., 2001), at 5&thinsp;%.")


def test_a_table_is_a_page_with_its_csv():
    header = [["", r"$\varepsilon$", r"$\varepsilon$"], ["", "0", "1"]]
    body = [[r"a\_b", r"\boldmath$1 \pm 1$ (0.9)", "--"], None, ["<c>", r"\textbf{-}", "$-2$"]]
    page = Table([{"name": "ä", "value": 1}], header, body, "lrr").html("some")
    cells = [
        re.findall(r'<(t[hd]) .*?class="[^"]*?((?:row\d )?col\d)" ?(?:colspan="(\d)")?>(.*?)</\1>', row)
        for row in re.findall("<tr>(.*?)</tr>", page, re.DOTALL)
    ]
    assert cells == [
        [("th", "col0", "", ""), ("th", "col1", "2", "<math><mi>ε</mi></math>")],
        [("th", "col0", "", ""), ("th", "col1", "", "0"), ("th", "col2", "", "1")],
        [("td", "row0 col0", "", "a_b"), ("td", "row0 col1", "", "<strong>1 ± 1</strong> (0.9)"), ("td", "row0 col2", "", "–")],
        [("td", "row1 col0", "", "&lt;c&gt;"), ("td", "row1 col1", "", "<strong>-</strong>"), ("td", "row1 col2", "", "−2")],
    ]
    looks = dict(re.findall(r"#T_table (\S+) \{\s*(.*?);\s*\}", page))
    assert looks == {
        ".col0": "text-align: left",
        ".col1": "text-align: right",
        ".col2": "text-align: right",
        "[colspan]": "text-align: center",
        ".row1": "border-top: 1px solid",
    }
    data = re.search('download="some.csv" href="data:text/csv;base64,(.*?)"', page)[1]
    assert base64.b64decode(data).decode() == "name,value\nä,1\n"


def test_a_csv_has_its_numbers_as_they_are():
    rows = [{"i": 1, "f": 0.1, "m": 1, "n": None, "s": 'a,"b"'}, {"i": 2, "f": 1e-7, "m": 0.5, "n": 3, "s": ""}]
    assert Table(rows, [["a"]], [["b"]], "l").csv() == 'i,f,m,n,s\n1,0.1,1,,"a,""b"""\n2,1e-07,0.5,3,\n'


TABULAR = r"""\begin{tabular}{lrr}
\toprule
 & \multicolumn{2}{c}{$x$} \\
 & 0 & 1 \\
\midrule
a\_b & 1 & 2 \\
\midrule
c & 3 & -- \\
\bottomrule
\end{tabular}
"""
LONG = r"""\begin{longtable}{lrr}
\toprule
a & b & b \\
\midrule
\endfirsthead
\toprule
a & b & b \\
\midrule
\endhead
\endfoot
\bottomrule
\endlastfoot
a\_b & 1 & 2 \\
\midrule
c & 3 & -- \\
\end{longtable}
"""


@pytest.mark.parametrize(
    ("header", "long", "latex"), [([["", "$x$", "$x$"], ["", "0", "1"]], False, TABULAR), ([["a", "b", "b"]], True, LONG)]
)
def test_a_table_in_latex_has_wide_heads_and_rules_and_no_foot_on_its_pages(header, long, latex):
    assert Table([{}], header, [[r"a\_b", "1", "2"], None, ["c", "3", "--"]], "lrr", long).latex() == latex


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cifar10,robustness,0.5,1,x,CIFAR-10,Thesis", "line 5: could not convert string to float: 'x'"),
        ("cifar10,robustness,0.5,1,,CIFAR-10,Thesis", "line 5: could not convert string to float: ''"),
        ("cifar10,robustness,0.5,1,68.63,CIFAR-10", "line 5: there are 6 fields in place of 7"),
        ("cifar10,robustness,0.5,1,68.63,CIFAR-10,Thesis, Table 4", "line 5: there are 8 fields in place of 7"),
        ('cifar10,robustness,0.5,1,68.63,CIFAR-10,"Thesis', "is not a CSV file in UTF-8"),
    ],
)
def test_a_damaged_line_of_published_numbers_is_named(tmp_path, line, said):
    path = write(tmp_path / "published.csv", f"{PUBLISHED}\n{line}\n")
    with pytest.raises(ValueError, match="published.csv") as error:
        Published(path, "cifar10", "robustness")
    assert said in str(error.value) and str(error.value).endswith("; mend it, or take the file from the repository")


def test_what_latex_complained_of_is_found_in_its_log():
    error = "This is pdfTeX\n! Undefined control sequence.\nl.7 \\nothing\n        {}\n"
    assert first_problem(error) == r"LaTeX: Undefined control sequence. l.7 \nothing"
    assert "Reference `fig:none'" in first_problem("LaTeX Warning: Reference `fig:none' on page 1\nundefined on input line 3.")
    assert first_problem("Output written on main.pdf (16 pages).") is None


@pytest.mark.skipif(not shutil.which("latexmk"), reason="needs latexmk; `make tex` installs it")
def test_a_paper_is_typeset_and_an_undefined_reference_is_refused(tmp_path):
    write(tmp_path / "in/main.tex", r"\documentclass{article}\begin{document}Hello\end{document}")
    typeset(tmp_path / "in", tmp_path / "out/paper", tmp_path / "out/paper.pdf", "abc")
    assert (tmp_path / "out/paper.pdf").read_bytes().startswith(b"%PDF")
    write(tmp_path / "in/main.tex", r"\documentclass{article}\begin{document}See \ref{none}\end{document}")
    with pytest.raises(ValueError, match="Reference `none'"):
        typeset(tmp_path / "in", tmp_path / "out/paper", tmp_path / "out/paper.pdf", "abc")


@pytest.mark.parametrize("titles", [["airplane", "automobile", "bird"] * 4, ["0", "1", "2"] * 4, None])
def test_labels_and_titles_of_a_gallery_are_whole_and_apart(titles):
    rows = {"x": [np.zeros((3, 4, 4))] * 12, "automobile: Time-dependent, vanilla": [np.zeros((3, 4, 4))] * 12}
    figure = style.gallery(rows, titles, label_width=0.5)
    figure.canvas.draw()
    grid, second = figure.axes[:12], figure.axes[12]
    boxes = [axes.title.get_window_extent() for axes in grid] if titles else []
    assert all(a.x1 < b.x0 for a, b in zip(boxes, boxes[1:], strict=False))
    labels = [axes.yaxis.label.get_window_extent() for axes in (grid[0], second)]
    assert all(box.x0 >= 0 and box.y1 <= figure.bbox.y1 for box in boxes + labels)
