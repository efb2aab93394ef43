# What `snakemake --report` shows. None of it is an input or a param, so that no change of it reruns anything.

import functools

from energyguide.reporting.captions import Place, places


@functools.cache
def in_paper():
    """Where the paper has the results of rules; its text is read when a report is made, and only then."""
    generated = {*(f"table_{name}" for name in TABLE), *(f"figure_{name}" for name in FIGURE)}
    return {"pdf": Place("The paper"), **places(Path("paper"), MACROS, generated, set(experiment.systems))}


def place_of(rule):
    return in_paper().get(rule, Place("Not in the paper"))


def title_of(rule):
    """What a rule says of itself, as a title."""
    about = description(rule).split(": ", 1)[-1].rstrip(".")
    return about[0].upper() + about[1:]


def label_of(rule):
    """The number in the paper, and a title. The second space before one digit is not drawn, but sorts 9 before 10."""
    kind, _, number = place_of(rule).number.partition(" ")
    return f"{kind} {number:>2}: {title_of(rule)}" if number else title_of(rule)


def caption_of(rule):
    """The caption in the paper, as HTML; workflow/report/caption.rst calls this."""
    return place_of(rule).caption or f"{title_of(rule)}."


def reported(file, rule):
    """An output for the report: under the section of the paper that has it, with its number and its caption there.

    One label: of a second, where a section has two results, Snakemake would make a switch between them.
    """
    return report(
        file,
        caption="../report/caption.rst",
        category=lambda wildcards: place_of(rule).section,
        labels=lambda wildcards: {"In the paper": label_of(rule)},
    )
