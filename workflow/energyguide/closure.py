"""Which files of the project a script runs: its imports, and theirs, read from the source without running it.

Snakemake sees a script change, not a module that it imports. The rules list these files as inputs.
"""

import ast
from functools import cache
from pathlib import Path


@cache
def imports(file, roots):
    """The project's files that `file` imports itself, anywhere in it, from the folders `roots`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(), filename=str(file))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            for depth in range(1, len(parts) + 1):
                stem = "/".join(parts[:depth])
                found |= {path for root in roots for path in (root / f"{stem}.py", root / stem / "__init__.py") if path.is_file()}
    return frozenset(found)


def closure(script, roots):
    """`script` and every project file that it imports, directly or not, sorted."""
    roots = tuple(Path(root) for root in roots)
    seen, todo = set(), [Path(script)]
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo.extend(imports(file, roots) - seen)
    return sorted(seen)
