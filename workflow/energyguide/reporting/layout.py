"""How a table is written, as CSV, LaTeX and HTML, and how a measurement stands in it.

pandas is only imported where a table is made or read: figures and numbers start a second earlier without it.
"""

import base64
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
p {{ text-align: center; color: #64748b; }}
</style>
{table}
<p>Unrounded: <a download="{name}.csv" href="data:text/csv;base64,{csv}">{name}.csv</a></p>
</html>
"""
ALIGNMENTS = {"l": "left", "c": "center", "r": "right"}


@dataclass(frozen=True)
class Table:
    """Rows for machines, and the same for readers.

    Attributes:
        records: dictionaries with the same keys, numbers unrounded: the CSV.
        header: lines of the header, each a list of LaTeX cells; in the upper of two lines, cells that repeat are one wide cell.
        body: rows of LaTeX cells; None draws a rule.
        columns: the LaTeX column specification.
        long: breaks over pages.
    """

    records: list
    header: list
    body: list
    columns: str
    long: bool = False

    def csv(self):
        return csv_text(self.records)

    @property
    def cells(self):
        """The header and the body, without rules."""
        import pandas as pd

        return pd.DataFrame(list(filter(None, self.body)), columns=self.header if self.header[1:] else self.header[0])

    @property
    def ruled(self):
        """The numbers of the rows that stand below a rule."""
        rules = [place for place, row in enumerate(self.body) if row is None]
        return [place - before for before, place in enumerate(rules)]

    def latex(self):
        cells = self.cells
        cells.iloc[self.ruled, 0] = "\\midrule\n" + cells.iloc[self.ruled, 0]
        how = {"column_format": self.columns, "environment": "longtable" if self.long else None}
        text = cells.style.hide(axis="index").to_latex(**how, hrules=True, multicol_align="c")
        return re.sub(r"\\midrule\n.*Continued on next page.*\n\\midrule\n", "", text)  # the foot of long tables: ours have none

    def html(self, name):
        """A page that needs nothing beside it: the rows for readers, and those for machines to take away as `name`.csv."""
        looks = {f".col{place}": f"text-align: {ALIGNMENTS[letter]}" for place, letter in enumerate(self.columns)}
        looks |= {"[colspan]": "text-align: center", **{f".row{place}": "border-top: 1px solid" for place in self.ruled}}
        style = self.cells.style.hide(axis="index").format(markup).format_index(markup, axis="columns")
        style.set_table_styles([{"selector": selector, "props": look} for selector, look in looks.items()])
        csv = base64.b64encode(self.csv().encode()).decode()
        return PAGE.format(name=name, table=style.to_html(table_uuid="table"), csv=csv)


def escape(text):
    return text.replace("_", r"\_").replace("%", r"\%").replace("&", r"\&")


def plus_minus(values, digits=2, factor=1):
    """A measured number for LaTeX, from one value a set; a single set has no uncertainty."""
    number = Number.of(values)
    spread = rf" \pm {factor * number.std:.{digits}f}" if len(values) > 1 else ""
    return rf"${factor * number.mean:.{digits}f}{spread}$"


def read_lines(path, columns, remedy):
    """The lines of a CSV file below its head, as a DataFrame of text by the number of the line; those left blank are none.

    Raises ValueError, which ends in the remedy, for a file that has other columns or is damaged.
    """
    import pandas as pd

    how = {"dtype": str, "keep_default_na": False, "skip_blank_lines": False, "encoding": "utf-8-sig", "engine": "python"}
    try:
        lines = pd.read_csv(path, names=range(100), **how)  # what a line has no field for is missing, what is empty is not
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise ValueError(f"{path} is not a CSV file in UTF-8 ({error}); {remedy}") from error
    lines = lines.set_axis(lines.index + 1).dropna(how="all")
    if lines.empty:
        raise ValueError(f"{path} is empty; {remedy}")
    if lines.iloc[0].dropna().tolist() != columns:
        raise ValueError(f"{path}, line {lines.index[0]}: the columns are not {','.join(columns)}; {remedy}")
    counts = lines.count(axis="columns")
    for line, count in counts[counts != len(columns)].items():
        raise ValueError(f"{path}, line {line}: there are {count} fields in place of {len(columns)}; {remedy}")
    return lines.iloc[1:, : len(columns)].set_axis(columns, axis="columns")


class Published:
    """The published numbers of one table, beside those of an experiment; none for an experiment of None.

    Raises ValueError, with its number, for a line of published.csv that is damaged.

    Attributes:
        values: (row, column) -> number.
        data: what they were measured on.
    """

    def __init__(self, path, experiment, table):
        import pandas as pd

        remedy = "mend it, or take the file from the repository"
        lines = read_lines(path, ["experiment", "table", "row", "column", "value", "data", "source"], remedy)
        numbers = pd.to_numeric(lines["value"], errors="coerce")
        for line, text in lines["value"][numbers.isna()].items():
            raise ValueError(f"{path}, line {line}: could not convert string to float: {text!r}; {remedy}")
        lines = lines.assign(value=numbers)[(lines["experiment"] == experiment) & (lines["table"] == table)]
        self.values = lines.set_index(["row", "column"])["value"].to_dict()
        self.data = next(iter(lines["data"]), "")

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

    def line(self, row, columns, before=(), digits=2, label="reported"):
        """The lines of LaTeX cells for a row of published numbers: one, or none where there are none."""
        found = [self.get(row, column) for column in columns]
        if not any(value is not None for value in found):
            return []
        cells = ["--" if value is None else f"{value:.{digits}f}" for value in found]
        return [[rf"\quad {label}, {escape(self.data)}", *before, *cells]]


FID = "fid_infinity"  # the FID that the text compares: without the bias by the number of samples
MEASURES = {  # key: heading, digits, factor
    "is": ("IS", 2, 1),
    "fid": ("FID", 2, 1),
    FID: (r"FID$_\infty$", 2, 1),
    "kid": (r"KID ($\times 10^3$)", 1, 1000),
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


def csv_text(records, columns=None):
    """Dictionaries as CSV with a header."""
    import pandas as pd

    table = pd.DataFrame(records, columns=columns, dtype=object)  # integers stay integers beside floats and gaps
    return table.to_csv(index=False, lineterminator="\n")
