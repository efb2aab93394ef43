"""How tables, captions and the PDF are made, of what a table holds and of the paper's own text."""

import base64
import re
import shutil

import numpy as np
import pytest
from measurements import write

from energyguide.reporting import style
from energyguide.reporting.captions import Place, places
from energyguide.reporting.layout import Published, Table
from energyguide.reporting.typeset import first_problem, typeset

PUBLISHED = """experiment,table,row,column,value,data,source
cifar10,robustness,0.5,1,68.63,CIFAR-10,Thesis
"""

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
        ("cifar10,robustness,0.5,1,x,CIFAR-10,Thesis", "line 4: could not convert string to float: 'x'"),
        ("cifar10,robustness,0.5,1,,CIFAR-10,Thesis", "line 4: could not convert string to float: ''"),
        ("cifar10,robustness,0.5,1,68.63,CIFAR-10", "line 4: there are 6 fields in place of 7"),
        ("cifar10,robustness,0.5,1,68.63,CIFAR-10,Thesis, Table 4", "line 4: there are 8 fields in place of 7"),
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
