"""Sizes: files, functions, arguments, nesting."""

import ast

from tests.tidy.tree import Function, Source, Tree, functions_of

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
FUNCTION_LINES_LONG = 25
FUNCTION_LINES_USUAL = 10
LONG_FUNCTIONS_OF_TEN_MAX = 1
NESTING_MAX = 3
ARGUMENTS_MAX = 5

BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def long_files(tree: Tree) -> list[str]:
    """Return a complaint for each file over 400 lines."""
    return [
        f"{source.path}: file has too many lines: expected at most {FILE_LINES_MAX}, found {len(source.lines)}"
        for source in tree
        if len(source.lines) > FILE_LINES_MAX
    ]


def long_functions(tree: Tree) -> list[str]:
    """Return a complaint for each function over 50 lines of code."""
    return [
        source.at(node, f"{node.name} has too many lines: expected at most {FUNCTION_LINES_MAX}, found {found}")
        for source in tree
        for node in functions_of(source)
        if (found := code_lines(source, node)) > FUNCTION_LINES_MAX
    ]


def too_many_long_functions(tree: Tree) -> list[str]:
    """Return a complaint, with the places, if more than one function in ten is over 25 lines of code."""
    counts = [
        (code_lines(source, node), source.at(node, node.name)) for source in tree for node in functions_of(source)
    ]
    long = sorted((count, place) for count, place in counts if count > FUNCTION_LINES_LONG)
    if len(long) * 10 <= len(counts) * LONG_FUNCTIONS_OF_TEN_MAX:
        return []
    return [f"{len(long)} of {len(counts)} functions have over {FUNCTION_LINES_LONG} lines", *(at for _, at in long)]


def few_short_functions(tree: Tree) -> list[str]:
    """Return a complaint unless most functions have under 10 lines of code."""
    counts = [code_lines(source, node) for source in tree for node in functions_of(source)]
    short = sum(count < FUNCTION_LINES_USUAL for count in counts)
    if short * 2 >= len(counts):
        return []
    return [f"only {short} of {len(counts)} functions have under {FUNCTION_LINES_USUAL} lines"]


def deep_nesting(tree: Tree) -> list[str]:
    """Return a complaint for each function with more than three blocks inside one another."""
    return [
        source.at(node, f"{node.name} nests too deeply: expected at most {NESTING_MAX} levels, found {found}")
        for source in tree
        for node in functions_of(source)
        if (found := max(map(_depth, node.body))) > NESTING_MAX
    ]


def many_arguments(tree: Tree) -> list[str]:
    """Return a complaint for each function with more than five arguments, ``self`` and ``cls`` not counted."""
    return [
        source.at(node, f"{node.name} has too many arguments: expected at most {ARGUMENTS_MAX}, found {found}")
        for source in tree
        for node in functions_of(source)
        if (found := _arguments(node)) > ARGUMENTS_MAX
    ]


def code_lines(source: Source, node: Function) -> int:
    """Return the lines of a function's body without docstring, comments and empty lines."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    if not body:
        return 0
    lines = source.lines[body[0].lineno - 1 : node.end_lineno]
    return sum(1 for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _depth(node: ast.AST) -> int:
    if isinstance(node, SCOPES):
        return 0
    inside = _branches(node) if isinstance(node, ast.If) else list(ast.iter_child_nodes(node))
    return isinstance(node, BLOCKS) + max(map(_depth, inside), default=0)


def _branches(node: ast.If) -> list[ast.AST]:
    # `elif` stands on the level of its `if`, although the syntax tree hangs it inside.
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return [node.test, *node.body, *_branches(node.orelse[0])]
    return [node.test, *node.body, *node.orelse]


def _arguments(node: Function) -> int:
    given = node.args
    named = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    own = 1 if named[:1] in (["self"], ["cls"]) else 0
    return len(named) - own + len(given.kwonlyargs) + (given.vararg is not None) + (given.kwarg is not None)
