"""Which model was fitted last, read from the cells that were run.

Cells are parsed, never run. What IPython adds to Python (``%time``, ``!pip``, ``%%capture``, ``name?``) is taken away by hand,
since the line behind ``%time`` is Python again; a cell that cannot be read even then is passed over.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator, Sequence

from jupyter_modelstore.capture._kinds import words

FITTING = re.compile(r"(?:partial_)?fit(?:_\w+)?|train|train_on_batch")
_MOST_SOURCE = 1_000_000
_OTHER_LANGUAGES = re.compile(
    r"bash|sh|script|html|javascript|js|latex|markdown|svg|perl|ruby|\w*sql|writefile|file|python[23]?|pypy|cython|r|bigquery",
    re.IGNORECASE,
)
_CELL_MAGIC = re.compile(r"\s*%%(\w+)([^\n]*)\n?")
_IN_NAMESPACE = words("time capture prun")
"""Cell magics that run the cell as if they were not there."""
_OPTIONS = r"(?:-\w+(?:\s+\d+)?\s+)*"
_TIMED = re.compile(rf"%(time|timeit|prun|memit)\s+{_OPTIONS}(?=\S)")
_OFTEN = words("timeit memit")
"""Magics that run code often, with variables of its own, or as another process."""
_PERHAPS = "if 0 < 1: "
_LINES = re.compile(r"(?m)^(?:[ \t]*(?:[\w\s,]+=\s*)?[%!](?:[^\n]*\\\n)*[^\n]*|[^\n]*)$")
"""Lines, of which those of magics go on behind a backslash; Python's own lines are left as they are."""
_ASSIGNED = re.compile(r"(\s*)([\w\s,]+?)\s*=\s*[%!]")
_LINE_MAGIC = re.compile(r"%([A-Za-z_]\w*)")
_HARMLESS_MAGICS = words(
    "alias alias_magic autosave bookmark cat cd clear colors conda config connect_info cp debug dhist doctest_mode ed edit env "
    "gui hist history killbgscripts ldir less lf lk ll load_ext logoff logon logstart logstate logstop ls lsmagic lx magic man "
    "matplotlib micromamba mkdir more mv notebook page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd pprint precision "
    "psearch psource pushd pwd pycat pylab qtconsole quickref reload_ext rehashx rep rm rmdir save sc set_env sx system tb "
    "unalias unload_ext uv who who_ls whos xmode autoreload "
    "save_model models load_model download_model edit_model alias_model delete_model restore_model compare_models model_stats "
    "model_card modelstore"
)
"""Line magics that assign no variable of the notebook."""
_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def last_fitted(cells: Sequence[str], names: Collection[str]) -> list[str]:
    """Return which of the names was fitted or assigned last.

    Parameters
    ----------
    cells
        Sources as they were typed, from the oldest to the newest.
    names
        The variables in question.

    Returns
    -------
    list of str
        One name; several, in the order of the source, if the same cell fits or assigns them; none if no cell does.
    """
    wanted = set(names)
    for source in reversed(cells):
        # Parsing is slow; most cells do not even hold the words.
        if len(source) > _MOST_SOURCE or not any(name in source for name in wanted):
            continue
        tree = parse(source)
        touched = [name for name in dict.fromkeys(_touched(tree)) if name in wanted] if tree is not None else []
        if touched:
            return touched
    return []


def parse(source: str) -> ast.AST | None:
    """Return a cell's syntax tree; first as it stands, then without what is IPython's; None if it cannot be read."""
    tree = _compile(source)
    if tree is None and (plain := _without_magics(source)) is not None:
        tree = _compile(plain)
    return tree


_NO_NODES = words("ctx op ops id attr arg name names type_comment kind level module")
_parts: dict[type[ast.AST], tuple[str, ...]] = {}


def children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes right below one, but for operators and the names of imports; much faster than Python's own."""
    kind = type(node)
    fields = _parts.get(kind)
    if fields is None:
        fields = _parts[kind] = tuple(name for name in kind._fields if name not in _NO_NODES)
    for name in fields:
        value = getattr(node, name, None)
        if type(value) is list:
            yield from (part for part in value if isinstance(part, ast.AST))
        elif isinstance(value, ast.AST):
            yield value


def walk(node: ast.AST) -> list[ast.AST]:
    """Return a node and all below it, as :func:`children` sees them."""
    found = [node]
    for part in found:  # which grows meanwhile
        found.extend(children(part))
    return found


def _compile(source: str) -> ast.AST | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user has seen Python's warnings of this cell already
            tree: ast.AST = compile(source, "<cell>", "exec", _FLAGS)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def runs_in_namespace(source: str) -> bool:
    """Tell whether a cell magic does no more than to run its cell."""
    match = _CELL_MAGIC.match(source)
    return match is not None and match[1] in _IN_NAMESPACE


def _without_magics(source: str) -> str | None:
    """Return a cell as Python, with the same lines as IPython makes of it; None if it may not be run as it stands."""
    often = False
    while match := _CELL_MAGIC.match(source):
        if _OTHER_LANGUAGES.fullmatch(match[1]):
            return ""
        often |= match[1] in _OFTEN and re.fullmatch(_OPTIONS, f"{match[2].strip()} ".lstrip()) is not None
        if match[1] not in _IN_NAMESPACE and not often:
            return None
        source = source[match.end() :]
    lines = [_plain_line(re.sub(r"\\\n", " ", line)) for line in _LINES.findall(source)]
    return "\n".join([_PERHAPS, *(f"    {line}" for line in lines)] if often else lines)


def _plain_line(line: str) -> str:
    """Return a line as Python: what is timed, an assignment (without a call for a loaded model), or ``pass``; as deep."""
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    if match := _TIMED.match(text):
        return indent + _PERHAPS * (match[1] in _OFTEN) + text[match.end() :]
    if match := _ASSIGNED.match(line):
        fitted = not line[match.end() :].startswith("load_model")
        return f"{match[1]}{match[2]} = {'_()' if fitted else '_'}"
    if (match := _LINE_MAGIC.match(text)) and match[1] not in _HARMLESS_MAGICS:
        return f"{indent}exec('')"  # it may assign any name, as %run does
    if text.startswith(("%", "!", "?")) or (text.rstrip().endswith("?") and "#" not in text):
        return f"{indent}pass"
    return line


def _touched(tree: ast.AST) -> Iterator[str]:
    """Yield the variables that a cell fits or assigns, in the order of the source. Functions keep theirs to themselves."""
    for node in children(tree):
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, _COMPREHENSIONS):
            yield from _touched_by_loop(node, node.generators)
            continue
        yield from _bound(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and FITTING.fullmatch(node.func.attr):
            yield from _root(node.func.value)
        if isinstance(node, (ast.For, ast.AsyncFor)):
            yield from _through(node.target, node.iter, list(_touched(node)))
        else:
            yield from _touched(node)


def _touched_by_loop(node: ast.AST, generators: list[ast.comprehension]) -> Iterator[str]:
    """Yield what a comprehension fits; its own variables end with it, and stand for what it runs over."""
    own = {name for generator in generators for name in targets_of(generator.target)}
    fitted = list(_touched(node))
    for generator in generators:
        yield from (name for name in _through(generator.target, generator.iter, fitted) if name not in own)
    yield from (name for name in fitted if name not in own)


def _through(target: ast.expr, iterated: ast.expr, touched: list[str]) -> Iterator[str]:
    """Yield what a loop touches: where it fits its own variable, also the names that it runs over."""
    if not set(touched).isdisjoint(targets_of(target)):
        yield from (part.id for part in walk(iterated) if isinstance(part, ast.Name))
    yield from touched


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the variables to which something that was called is assigned: ``d.alpha = 3`` and ``b = a`` fit nothing.

    What is kept inside a variable counts if it is fitted there: ``models['rf'] = SVC().fit(X, y)``.
    """
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target] if node.value is not None else []
    elif isinstance(node, ast.NamedExpr):
        targets = [node.target]
    else:
        return
    calls = [part for part in walk(node) if isinstance(part, ast.Call)]
    fits = any(isinstance(call.func, ast.Attribute) and FITTING.fullmatch(call.func.attr) for call in calls)
    for target in targets if calls else ():
        yield from targets_of(target)
        if fits and isinstance(target, (ast.Attribute, ast.Subscript)):
            yield from _root(target)


def targets_of(target: ast.expr) -> Iterator[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from targets_of(item)
    elif isinstance(target, ast.Starred):
        yield from targets_of(target.value)
    elif isinstance(target, ast.Name):
        yield target.id


def _root(node: ast.expr) -> Iterator[str]:
    """Yield the variable at the start of ``models['rf'].named_steps.clf`` or ``clf.set_params(C=1)``."""
    while True:
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            break
    if isinstance(node, ast.Name):
        yield node.id
