"""Where the paper has its tables and figures, and what it says under them: read from its LaTeX, for the report."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from energyguide.reporting.markup import markup

PIECE = re.compile(
    r"\\(appendix|section|subsection)\b(?:\{(.*?)\})?(\s*\\label\{.*?\})?"
    r"|\\begin\{(table|figure|equation|algorithm)\}(.*?)\\end\{\4\}"
    r"|\\input\{\.\./tables/(\w+)\}",
    re.DOTALL,
)
SHOWN = re.compile(r"\\(?:fittable|includegraphics(?:\[[^]]*\])?)\{(\w+)\}")


@dataclass(frozen=True)
class Place:
    """Where the paper has a table or figure.

    Attributes:
        section: as "4 Experiments".
        number: as "Table 2"; empty where the paper gives it none.
        caption: as HTML; empty where there is none, or where the numbers in it are not known yet.
    """

    section: str
    number: str = ""
    caption: str = ""


def places(paper, numbers, generated, systems):
    """Every generated table and figure that is in the paper: "table_<name>" or "figure_<name>" -> `Place`.

    Args:
        paper: the folder of its sources.
        numbers: the files of generated macros, which need not exist.
        generated: the names of what is generated; the paper counts, and has, no other.
        systems: the names of the systems that the experiment has.
    """
    main = (paper / "main.tex").read_text()
    text = whole(paper, main[main.index(r"\begin{document}") :], systems)
    section, counts, labels, found, appendix = "", Counter(), {}, {}, False
    for head, title, label, kind, body, loose in PIECE.findall(text):
        names = [f"{kind}_{name}" for name in SHOWN.findall(body)]
        if loose:
            found[f"table_{loose}"] = Place(section)
        elif head == "appendix":
            counts["section"], appendix = 0, True
        elif generated.issuperset(names):
            counts[head or kind] += 1
            number = str(counts[head or kind])
            if head == "section":
                counts["subsection"], number = 0, chr(ord("@") + counts["section"]) if appendix else number
                section = f"{number} {title}"
            elif head == "subsection":
                number = f"{section.split()[0]}.{number}"
            labels |= dict.fromkeys(re.findall(r"\\label\{(.*?)\}", label + body), number)
            for name in names:
                found[name] = Place(section, f"{kind.capitalize()} {number}", braced(body, body.index(r"\caption")))
    if not all(file.exists() for file in map(Path, numbers)):
        return {name: replace(place, caption="") for name, place in found.items()}
    values = macros("".join([main, *(Path(file).read_text() for file in numbers)]))
    bibliography = (paper / "references.bib").read_text()
    return {
        name: replace(place, caption=markup(resolved(place.caption, values, labels, bibliography)))
        for name, place in found.items()
    }


def whole(paper, text, systems):
    """LaTeX with its sections read in, and of \\system and \\with what the experiment has."""
    while match := re.search(r"\\(with|system)\{([\w,]+)\}|\\input\{(sections/\w+)\}", text):
        present, end = systems.intersection((match[2] or "").split(",")), match.end()
        if match[1] == "with":
            inner = braced(text, end)
            end = text.index("{", end) + len(inner) + 2
            put = inner if present else ""
        else:
            name = match[3] or f"sections/{match[2]}"
            put = (paper / f"{name}.tex").read_text() if match[3] or present else ""
        text = text[: match.start()] + put + text[end:]
    return text


def resolved(text, values, labels, bibliography):
    """LaTeX without macros of one's own, references and citations."""
    while (further := re.sub(r"\\([a-zA-Z]+)(?:\{\})?", lambda m: values.get(m[1], m[0]), text)) != text:
        text = further
    text = re.sub(r"\\eqref\{(.*?)\}", lambda m: f"({labels[m[1]]})", text)
    text = re.sub(r"\\ref\{(.*?)\}", lambda m: labels[m[1]], text)
    text = re.sub(r"\\citet\{(.*?)\}", lambda m: "{} ({})".format(*cited(bibliography, m[1])), text)
    return re.sub(
        r"\\citep\{(.*?)\}",
        lambda m: "({})".format("; ".join(", ".join(cited(bibliography, key)) for key in m[1].split(","))),
        text,
    )


def cited(bibliography, key):
    """The authors and the year of an entry of a BibTeX file, as the paper prints them."""
    entry = bibliography[bibliography.index(f"{{{key.strip()},") :]
    authors, year = (braced(entry, entry.index(f"  {field} =")) for field in ("author", "year"))
    names = [name.split(",")[0] for name in authors.split(" and ")]
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names), year


def braced(text, start):
    """What stands between the first brace from `start` on and its partner."""
    start, depth = text.index("{", start), 0
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if not depth:
            return text[start + 1 : end]
    raise ValueError(f"a brace is not closed: {text[start : start + 60]}")


def macros(text):
    """The macros without arguments that some LaTeX defines: name -> what it stands for."""
    return {match[1]: braced(text, match.end()) for match in re.finditer(r"\\newcommand\{\\(\w+)\}(?=\{)", text)}
