"""Under which licence each installed package is, as docs/licences.md has it: `make licences` writes that anew."""

import re
from collections import defaultdict
from importlib.metadata import distributions

HEAD = """# Licences of what is installed

The environment of `requirements.lock`, tests and checks included, by what the packages say of themselves. None of them is part
of this repository; all are installed from the lock, by their hashes. NVIDIA's libraries come with torch, and are used on a GPU.
"""
WORDS = {  # in what a package says of itself, the first that fits: the name of the licence
    "nvidia|cuda-toolkit": "NVIDIA's own",
    "mpl|mozilla": "MPL-2.0",
    "apache": "Apache-2.0",
    "psf|python software": "PSF-2.0",
    "public domain": "public domain, BSD",
    "bsd": "BSD",
    "mit": "MIT",
}


def said(package):
    """What a package says of its licence, from the shortest to the longest text that it has."""
    about = package.metadata
    classified = [text for text in about.get_all("Classifier", []) if text.startswith("License")]
    files = [file for file in package.files or [] if re.search("licen[sc]e", file.name, re.IGNORECASE)]
    texts = [about.get("License-Expression"), "; ".join(classified), about.get("License"), files and files[0].read_text()]
    return [text for text in texts if text]


def licence(package):
    """The name of a package's licence. Raises ValueError where it cannot be told, or is not one of those above."""
    name = package.metadata["Name"]
    texts = [name] if re.search("nvidia|cuda-toolkit", name) else said(package)
    for text in texts:
        for word, known in WORDS.items():
            if re.search(rf"(?<![a-z])({word})", text[:2000], re.IGNORECASE):
                return known
    raise ValueError(f"the licence of {name} is not one of those known; read it, and add it here or do without {name}")


def listed():
    """Licence -> names of the installed packages under it, both sorted."""
    found = defaultdict(set)
    for package in distributions():
        found[licence(package)].add(package.metadata["Name"].lower())
    return {name: sorted(found[name]) for name in sorted(found)}


def page():
    return HEAD + "".join(f"\n**{name}**: {', '.join(packages)}\n" for name, packages in listed().items())


if __name__ == "__main__":
    print(page(), end="")
