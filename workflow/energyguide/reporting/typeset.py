"""The paper's sources and the generated parts, through latexmk."""

import re
import shutil
import subprocess
from pathlib import Path

from energyguide.files.atomic import atomic, write_text

SUFFIXES = {".tex", ".bib"}


def generated(macros, systems, commit):
    """What the paper reads in its preamble: which systems the experiment has, the files of macros, and the commit."""
    lines = [rf"\expandafter\def\csname with@{name}\endcsname{{}}" for name in systems]
    lines += [rf"\input{{../numbers/{Path(path).stem}}}" for path in macros]
    return "\n".join([*lines, rf"\newcommand{{\commit}}{{{commit}}}", ""])


def typeset(sources, build, pdf, preamble):
    """Copy the sources into `build`, beside the tables and figures, and make `pdf` of them, with `preamble` as `generated.tex`.

    Raises:
        OSError: there is no latexmk.
        ValueError: LaTeX failed, or a reference or citation is undefined; with the first message of its log.
    """
    for file in sources.rglob("*"):
        if file.suffix in SUFFIXES:
            target = build / file.relative_to(sources)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() or target.read_bytes() != file.read_bytes():
                shutil.copyfile(file, target)
    write_text(build / "generated.tex", preamble)
    if not shutil.which("latexmk"):
        raise OSError("there is no latexmk; install a TeX (on Debian and Ubuntu: `sudo make tex`) and run again")
    command = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    run = subprocess.run(command, cwd=build, capture_output=True, text=True, errors="replace")
    log = (build / "main.log").read_text(errors="replace") if (build / "main.log").exists() else run.stdout
    problem = first_problem(log)
    if run.returncode or problem:
        raise ValueError(f"{problem or run.stdout.strip().splitlines()[-1]} (see {build / 'main.log'})")
    with atomic(pdf) as temporary:
        shutil.copyfile(build / "main.pdf", temporary)


def first_problem(log):
    """What LaTeX complained of first: an error, with the line it is in, or an undefined reference or citation; or None."""
    error = re.search(r"^! (.+?)\n(?:.*\n)*?(l\.\d+ .*)?$", log, re.MULTILINE)
    if error:
        line = re.search(r"^l\.\d+ .*$", log[error.start() :], re.MULTILINE)
        return f"LaTeX: {error[1]}" + (f" {line[0].strip()}" if line else "")
    undefined = re.search(r"(?:Reference|Citation) [`'][^`']+' .*undefined", log.replace("\n", " "))
    return f"LaTeX: {undefined[0][:120]}" if undefined else None
