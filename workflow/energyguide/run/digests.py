"""What a result depends on: its script, and the science modules that this imports, each by a digest of its syntax tree.

A digest does not see comments, formatting, docstrings, what is raised or printed, nor classes of typed parameters, whose values
come as params. Modules of the rooms NEUTRAL are in no digest: they carry jobs and files, and change no bit of a result. Of
topics of reporting only those definitions count that a table or a figure uses. The rules have the digests as params.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
SCRIPTS = PACKAGE.parent / "scripts"
NEUTRAL = {"files", "run"}
TOPICS = PACKAGE / "reporting"
ANNOUNCEMENTS = {"print", "warn"}  # functions whose calls tell people something, and change nothing


@cache
def tree(file):
    return ast.parse(file.read_text(), filename=str(file))


def module_file(name):
    """The file of a module of the project, by its dotted name; None for others, and for packages, which hold a docstring only."""
    *folders, last = name.split(".")
    file = (PACKAGE.parent if PACKAGE.name in folders else SCRIPTS).joinpath(*folders, f"{last}.py")
    return file if file.is_file() else None


@cache
def imports(file):
    """What `file` imports of the project, anywhere in it: tuples (name in `file`, module, name in that or None for all of it)."""
    found = []
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found += [(alias.name, module, None) for alias in node.names if (module := module_file(alias.name))]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                whole, module = module_file(f"{node.module}.{alias.name}"), module_file(node.module)
                if whole or module:
                    found.append((alias.asname or alias.name, whole or module, None if whole else alias.name))
    return found


def neutral(file):
    """Whether a file changes no bit of any result."""
    return file == SCRIPTS / "job.py" or PACKAGE in file.parents and file.relative_to(PACKAGE).parts[0] in NEUTRAL


@cache
def closure(file):
    """A science module, and every one that it imports, directly or not, sorted."""
    seen, todo = set(), [Path(file)]
    while todo:
        file = todo.pop()
        if file not in seen and not neutral(file):
            seen.add(file)
            todo += [module for _, module, _ in imports(file)]
    return sorted(seen)


def canonical(node):
    """A syntax tree as nested tuples, without what does not count. Empty fields are left out: Pythons differ in them."""
    if isinstance(node, ast.Raise):
        return ("Raise", canonical(node.exc.func if isinstance(node.exc, ast.Call) else node.exc))
    if isinstance(node, ast.AST):
        fields = ((name, canonical(counted(node, name, value))) for name, value in ast.iter_fields(node) if name != "kind")
        return (type(node).__name__, *(field for field in fields if field[1] not in (None, ())))
    if isinstance(node, list):
        return tuple(map(canonical, node))
    return None if node is None else repr(node)


def counted(node, name, value):
    """A field of a node; of the statements in a body only those that count. Python 3.12 has empty texts in f-strings."""
    if isinstance(node, ast.JoinedStr):
        return [part for part in value if getattr(part, "value", None) != ""]
    if name in ("body", "orelse", "finalbody") and isinstance(value, list):
        return [statement for statement in value if not silent(statement)]
    return value


def silent(statement):
    """Whether a statement computes nothing: a docstring, an announcement, or a class of typed parameters."""
    if isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call):
        return getattr(call.func, "attr", getattr(call.func, "id", None)) in ANNOUNCEMENTS
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.ClassDef) and statement.name == "Parameters"


def shown(file, nodes):
    """The name of a module and the digest of some of its statements, as `diffusion/samplers 1a2b3c4d5e6f`."""
    name = file.relative_to(PACKAGE if PACKAGE in file.parents else PACKAGE.parent).with_suffix("")
    checksum = hashlib.sha256(repr(canonical([node for node in nodes if not silent(node)])).encode()).hexdigest()
    return f"{name} {checksum[:12]}"


@cache
def of_module(file):
    """The digest of a whole module."""
    return shown(file, tree(file).body)


def named(*modules):
    """The digests of modules that a job finds by their name, as `nets/unet`, and of all that they import: a sorted list."""
    return sorted({of_module(file) for module in modules for file in closure(PACKAGE / f"{module}.py")})


def code(script):
    """The digests of a script and of all that it imports, as params: `code_<module>` -> digest."""
    return params(map(of_module, closure(SCRIPTS / script)))


def params(digests):
    return {f"code_{digest.split()[0].replace('/', '_')}": digest for digest in digests}


def code_of(script, topic, *functions):
    """The same of a script that calls these functions of a topic, and of no more than they use."""
    parts, modules = {}, set(closure(SCRIPTS / script))
    todo = [(TOPICS / f"{topic}.py", function) for function in functions]
    while todo:
        file, name = todo.pop()
        if TOPICS not in file.parents or name is None:
            modules |= set(closure(file))
        elif name not in parts.setdefault(file, {}):
            parts[file][name] = definition(file, name)
            todo += uses(file, parts[file][name])
    found = [of_module(file) for file in sorted(modules - parts.keys())]
    for file, used in sorted(parts.items()):
        found.append(shown(file, [*loose(file), *sorted(set(used.values()), key=lambda statement: statement.lineno)]))
    return params(found)


def names_of(statement):
    """The names that a statement at the top of a module defines."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {node.id for target in filter(None, targets) for node in ast.walk(target) if isinstance(node, ast.Name)}


def definition(file, name):
    """The statement at the top of a module that defines a name."""
    return next(statement for statement in tree(file).body if name in names_of(statement))


def loose(file):
    """The statements at the top of a module that define nothing, and import nothing."""
    return [s for s in tree(file).body if not names_of(s) and not isinstance(s, ast.Import | ast.ImportFrom)]


def uses(file, statement):
    """What a definition uses, as (file, name in it or None): of its own module, and of others that this imports."""
    nodes = list(ast.walk(statement))
    words = {node.id for node in nodes if isinstance(node, ast.Name)}
    found = [(file, word) for word in words & set().union(*map(names_of, tree(file).body))]
    for word, module, name in imports(file):
        if word in words and name is None and TOPICS in module.parents:
            parts = (node for node in nodes if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == word)
            found += [(module, node.attr) for node in parts]
        elif word in words:
            found.append((module, name))
    return found
