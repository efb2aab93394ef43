"""LaTeX as HTML: as much of it as generated tables and the paper's captions use."""

import html
import re

from energyguide.reporting.names import COMMANDS

INDEX = re.compile(r"^(?=[_^])")  # of what stands before the formula
ACCENTED = re.compile(r"(\\(?:hat|bar|tilde)\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[a-zA-Z]+|\w))(?=[_^])")
LETTERS = {command: letter for letter, command in COMMANDS.items()}
PROSE = [
    (rf"\\({'|'.join(LETTERS)})\{{\}}", lambda match: f"&#{ord(LETTERS[match[1]])};"),
    (r"\{([\[\]*])\}", r"\1"),
    (r"\\boldmath\s*(<math.*?</math>|[-−\d., ±]*\d)", r"<strong>\1</strong>"),
    (r"\\textbf\{([^{}]*)\}", r"<strong>\1</strong>"),
    (r"\\emph\{([^{}]*)\}", r"<em>\1</em>"),
    (r"\\texttt\{([^{}]*)\}", r"<code>\1</code>"),
    (r"\\'(\w)", "\\1\u0301"),
    (r"\\quad\s*", "&emsp;"),
    (r"\\,", "&thinsp;"),
    (r"\\([%_#$\s]|&amp;)", r"\1"),
    (r"~", "&nbsp;"),
    (r"--", "–"),
    (r"``|''", "&quot;"),
    (r"\{\}", ""),
]


def markup(latex):
    """Text with formulas between dollar signs, as one line of HTML. What it does not know it leaves as it is."""
    parts = re.split(r"(?<!\\)\$", latex)
    text = "".join(formula(part) if i % 2 else html.escape(part, quote=False) for i, part in enumerate(parts))
    for pattern, replacement in PROSE:
        text = re.sub(pattern, replacement, text)
    return " ".join(text.split())


def formula(latex):
    """A formula as MathML, which browsers draw by themselves; mere numbers as text, so that they look alike in a table."""
    from docutils.utils.math import MathError, latex2mathml  # slow to import, and few need it

    if re.fullmatch(r"(?:[-\d., ]|\\pm)*", latex):
        return latex.replace(r"\pm", "±").replace("-", "−")
    separate = ACCENTED.sub(r"\1{}", INDEX.sub("{}", latex))  # or an index of an accented letter would be set right below it
    try:
        mathml = latex2mathml.tex2mathml(separate, as_block=False)
    except MathError:
        return html.escape(f"${latex}$")
    mathml = re.sub(r' xmlns=".*?"|\n\s*', "", mathml)
    return re.sub("<mo>(?=[|‖])", '<mo stretchy="false">', mathml)  # bars stay as high as letters
