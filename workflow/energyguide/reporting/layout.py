"""How a table is written, as CSV, LaTeX and HTML, and how a measurement stands in it."""

import base64
import csv
import io
import re
from dataclasses import dataclass

from energyguide.metrics.statistics import Number
from energyguide.reporting.markup import markup

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{name}</title>
<style>
body {{ margin: 1.5em; font: clamp(11px, 1.5vw, 15px)/1.5 system-ui, sans-serif; color: #1e293b; }}
table {{ border-collapse: collapse; border-block: 2px solid; margin: 0 auto 1em; white-space: nowrap; }}
tbody {{ border-top: 1px solid; }}
tbody tr:hover {{ background: #f1f5f9; }}
td, th {{ padding: .2em .7em; font-variant-numeric: tabular-nums; }}
.l {{ text-align: left; }}
.c {{ text-align: center; }}
.r {{ text-align: right; }}
p {{ text-align: center; color: #64748b; }}
</style>
<table>
{rows}
</table>
<p>Unrounded: <a download="{name}.csv" href="data:text/csv;base64,{csv}">{name}.csv</a></p>
</html>
"""


@dataclass(frozen=True)
class Table:
    """Rows for machines, and the same for readers.

    Attributes:
        records: dictionaries with the same keys, numbers unrounded: the CSV.
        header: lines of the LaTeX header, each a list of cells.
        body: rows of cells; None draws a rule.
        columns: the LaTeX column specification.
        long: breaks over pages.
    """

    records: list
    header: list
    body: list
    columns: str
    long: bool = False

    def csv(self):
        return csv_text(self.records, list(self.records[0]))

    def latex(self):
        def line(cells):
            return r"\midrule" if cells is None else " & ".join(cells) + r" \\"

        environment = "longtable" if self.long else "tabular"
        head = [r"\toprule", *map(line, self.header), r"\midrule"] + ([r"\endhead"] if self.long else [])
        lines = [rf"\begin{{{environment}}}{{{self.columns}}}", *head, *map(line, self.body), r"\bottomrule"]
        return "\n".join([*lines, rf"\end{{{environment}}}", ""])

    def html(self, name):
        """A page that needs nothing beside it: the rows for readers, and those for machines to take away as `name`.csv."""

        def line(cells, tag):
            text, column = "", 0
            for cell in cells:
                wide = re.fullmatch(r"\\multicolumn\{(\d+)\}\{(\w)\}\{(.*)\}", cell)
                span, align, content = (int(wide[1]), wide[2], wide[3]) if wide else (1, self.columns[column], cell)
                text += f'<{tag} class="{align}" colspan="{span}">{markup(content)}</{tag}>'
                column += span
            return f"<tr>{text}</tr>"

        head = "\n".join(line(cells, "th") for cells in self.header)
        body = "\n".join("</tbody><tbody>" if cells is None else line(cells, "td") for cells in self.body)
        rows = f"<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>"
        return PAGE.format(name=name, rows=rows, csv=base64.b64encode(self.csv().encode()).decode())


def escape(text):
    return text.replace("_", r"\_").replace("%", r"\%").replace("&", r"\&")


def plus_minus(values, digits=2, factor=1):
    """A measured number for LaTeX, from one value a set; a single set has no uncertainty."""
    number = Number.of(values)
    spread = rf" \pm {factor * number.std:.{digits}f}" if len(values) > 1 else ""
    return rf"${factor * number.mean:.{digits}f}{spread}$"


PUBLISHED = ["experiment", "table", "row", "column", "value", "data", "source"]


def read_published(path):
    """The lines of published.csv, as dictionaries of PUBLISHED. Raises ValueError, with its number, for one that is damaged."""
    rows = []
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file, strict=True)
        try:
            if next(reader, None) != PUBLISHED:
                raise ValueError(f"the columns are not {','.join(PUBLISHED)}")
            for fields in filter(None, reader):
                if len(fields) != len(PUBLISHED):
                    raise ValueError(f"there are {len(fields)} fields in place of {len(PUBLISHED)}")
                row = dict(zip(PUBLISHED, fields, strict=True))
                rows.append({**row, "value": float(row["value"])})
        except (ValueError, csv.Error) as error:
            line = max(1, reader.line_num)
            raise ValueError(f"{path}, line {line}: {error}; mend it, or take the file from the repository") from error
    return rows


class Published:
    """The published numbers of one table, beside those of an experiment; none for an experiment of None.

    Attributes:
        values: (row, column) -> number.
        data: what they were measured on.
    """

    def __init__(self, path, experiment, table):
        rows = [r for r in read_published(path) if (r["experiment"], r["table"]) == (experiment, table)]
        self.values = {(r["row"], r["column"]): r["value"] for r in rows}
        self.data = rows[0]["data"] if rows else ""

    def get(self, row, column):
        return self.values.get((row, column))

    def field(self, row, column):
        """For a CSV: empty where there is none."""
        return self.values.get((row, column), "")

    def beside(self, text, row, column):
        """A cell, with the published number in brackets where there is one."""
        reported = self.get(row, column)
        return text if reported is None else f"{text} ({reported:.2f})"

    @property
    def rows(self):
        """The rows that have published numbers, in their order."""
        return list(dict.fromkeys(row for row, _ in self.values))

    def cells(self, row, columns):
        """LaTeX cells with the published numbers of a row as they were published."""
        found = [self.get(row, column) for column in columns]
        return ["--" if value is None else f"{value:g}" for value in found]

    def line(self, row, columns, before=(), digits=2):
        """The lines of LaTeX cells for a row of published numbers: one, or none where there are none."""
        found = [self.get(row, column) for column in columns]
        if not any(value is not None for value in found):
            return []
        cells = ["--" if value is None else f"{value:.{digits}f}" for value in found]
        return [[rf"\quad reported, {escape(self.data)}", *before, *cells]]


MEASURES = {  # key: heading, digits, factor
    "is": ("IS", 2, 1),
    "fid": ("FID", 2, 1),
    "precision": ("P", 2, 1),
    "recall": ("R", 2, 1),
    "accuracy": (r"Acc.\ (\%)", 1, 100),
    "energy_divergence": ("$W_1$", 2, 1),
    "fjd_train": ("FJD (train)", 2, 1),
}


def measured(result, keys):
    """Cells of a table, and fields of its CSV, for the measures `keys` at one scale; "diverged" in each where it did."""
    if "diverged" in result:
        return ["diverged"] * len(keys), {f"{key}{suffix}": "diverged" for key in keys for suffix in ("", "_std")}
    cells = [plus_minus(result[key], *MEASURES[key][1:]) for key in keys]
    numbers = {key: Number.of(result[key]) for key in keys}
    fields = {f"{key}{suffix}": value for key, n in numbers.items() for suffix, value in (("", n.mean), ("_std", n.std))}
    return cells, fields


def unrounded(result, key):
    """The mean of a measure at one scale, for a CSV; "diverged" where it did."""
    return "diverged" if "diverged" in result else Number.of(result[key]).mean


def protocol_of(result):
    return {key: result["protocol"][key] for key in ("features", "reference", "samples", "sets")}


def radius_text(norm, eps):
    """A radius as the configuration may have it: 4/255 where it is a whole number of grey levels, for Linf."""
    levels = round(255 * eps, 6)
    return f"{levels:.0f}/255" if norm == "linf" and levels == round(levels) else f"{eps:g}"


def csv_text(records, columns):
    """Dictionaries that have these keys, as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
