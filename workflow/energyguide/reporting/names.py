"""Names that users gave, of classes and of their images: any character that is printed, as figures and LaTeX take it."""

import re
import unicodedata

from energyguide.files.atomic import read_json

COMMANDS = {  # what else would be a command of LaTeX, or become another character in print
    "\\": "textbackslash",
    "{": "textbraceleft",
    "}": "textbraceright",
    "^": "textasciicircum",
    "~": "textasciitilde",
    "`": "textasciigrave",
    "'": "textquotesingle",
    '"': "textquotedbl",
    "<": "textless",
    ">": "textgreater",
}
LOWER = "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi mathrm{o} pi rho varsigma sigma tau upsilon"
UPPER = "A B Gamma Delta E Z H Theta I K Lambda M N Xi O Pi P Sigma T Upsilon Phi X Psi Omega"
GREEK = dict(zip("αβγδεζηθικλμνξοπρςστυφχψω", [*LOWER.split(), "varphi", "chi", "psi", "omega"], strict=True))
GREEK |= dict(zip("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", re.sub(r"\b(\w)\b", r"mathrm{\1}", UPPER).split(), strict=True))
GREEK = {letter: f"\\{command}" for letter, command in GREEK.items()}


def classes(path, labels):
    """The classes of the data that a sidecar tells of, as they are printed.

    Args:
        labels: name of a class -> how it is printed; others are printed by their names.
    """
    return [printed(name, labels) for name in read_json(path)["classes"]]


def printed(name, labels):
    """How a class is printed: its accents as part of the letters, and one space between words."""
    return " ".join(unicodedata.normalize("NFC", labels.get(name, name)).split())


def drawn(text):
    """A name for a figure, in which a dollar sign begins no formula."""
    return text.replace("$", r"\$")


def latex(text):
    """A name for LaTeX. Brackets and stars are in braces: after the end of a row they would be its options."""
    text = re.sub(r"[\\{}^~`'\"<>]", lambda match: rf"\{COMMANDS[match[0]]}{{}}", text)
    text = re.sub(r"[$&#%_]", r"\\\g<0>", text)
    text = re.sub(r"[\[\]*]", r"{\g<0>}", text)
    text = re.sub(r"-(?=-)|,(?=,)", r"\g<0>{}", text)
    return re.sub(f"[{''.join(GREEK)}]+", greek, text)


def greek(match):
    """Letters as a formula: fonts of text that LaTeX has everywhere lack them."""
    return f"${' '.join(GREEK[letter] for letter in match[0])}$"
