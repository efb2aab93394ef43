"""What can be printed, in figures and by LaTeX: names of classes, and what their images are called."""

import re
import unicodedata

LONGEST = 40  # characters of a class that stand beside a figure
LATIN = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
LATIN += "ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
GREEK = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψω"
PRINTED = {*map(chr, range(32, 127)), *LATIN, *GREEK}  # what both the figures' fonts and LaTeX as it is set up here have


def unprintable(text):
    """The characters of a text that cannot be printed, as a message shows them; an empty text if all can."""
    odd = "".join(sorted({*unicodedata.normalize("NFC", text)} - PRINTED))
    return odd and shown(odd)


def check_names(need, labels):
    """Whether each class, name -> how it is printed, can stand in figures and in LaTeX, and can be told from the others."""
    taken = {}
    for name, label in labels.items():
        text = " ".join(unicodedata.normalize("NFC", label).split())
        remedy = f"say how it is printed, by `data.labels: {{{shown(name)}: ...}}`"
        key = "labels" if name != label else "path"
        odd = unprintable(text)
        need(not odd, key, f"class {shown(name)} has {odd}, which figures or LaTeX cannot print; {remedy}")
        need(text, key, f"class {shown(name)} has no letter; {remedy}")
        need(len(text) <= LONGEST, key, f"class {shown(name)} has more than {LONGEST} characters; {remedy}")
        need(text not in taken, key, f"classes {shown(taken.get(text, ''))} and {shown(name)} look the same in print; {remedy}")
        taken[text] = name


def shown(name):
    """A name in a message and in YAML, on one line: in quotes where it is more than letters, in ASCII where it has no shape."""
    if re.fullmatch(r"[^\W\d_][\w-]*", name):
        return name
    return repr(name) if name.isprintable() else ascii(name)
