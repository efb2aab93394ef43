"""Numbers and comparisons for the text, as LaTeX macros: the prose claims no outcome that is not made here.

The function `numbers` of a topic returns name -> text. The names that begin with `say` are whole sentences, true for whatever
was measured.
"""


def latex(found):
    """Macros as LaTeX definitions: an unknown one fails the build, and so does one that two topics define."""
    return "".join(rf"\newcommand{{\{name}}}{{{text}}}" + "\n" for name, text in found.items())
