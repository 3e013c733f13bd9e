"""Words: docstrings, comments, impure calls, and what must not be written anywhere."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.tidy.tree import Function, Source, Tree

IMPURE_CALLS = frozenset({
    "open", "print", "input", "breakpoint", "exec", "eval", "__import__",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "uuid1", "uuid4", "uuid.uuid1", "uuid.uuid4",
})  # fmt: skip

SOFT_TESTS = ("pytest.skip", "pytest.xfail", "pytest.importorskip", "pytest.mark.skip", "pytest.mark.skipif",
              "pytest.mark.xfail", "unittest.skip", "time.sleep", "monkeypatch.setattr",
              "monkeypatch.setitem", "monkeypatch.delattr", "unittest.mock", "mock.patch")  # fmt: skip

# Put together here, so that this file does not contain what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|farm|tmp/bash_jobs)(?:/|\b)")
REGISTRY_HOST = re.compile(
    r"\b(?:pypi\.(?:org|io)|files\.pythonhosted\.org|registry\.npmjs\.\w+|proxy\.golang\.org|repo1?\.maven\.\w+)\b"
)
UNTIED_TODO = re.compile(r"\b(?:FIXME|XXX|HACK)\b|\bTODO\b(?!.*#\d)")


def missing_docstrings(tree: Tree) -> list[str]:
    """Return a complaint for each public module, class, function and method without a docstring."""
    return [
        source.at(node, f"{name} has no docstring")
        for source in tree
        for name, node in _public(source)
        if not (ast.get_docstring(node) or "").strip() and not _is_empty_package(source, node)
    ]


def uses_of_any(tree: Tree) -> list[str]:
    """Return a complaint for each use of ``Any``."""
    return [
        source.at(node, "Any is used: expected a type that says more")
        for source in tree
        for node in ast.walk(source.module)
        if _dotted(node) in {"Any", "typing.Any"} or (isinstance(node, ast.alias) and node.name == "Any")
    ]


def impure_calls(tree: Tree) -> list[str]:
    """Return a complaint for each call that reads a clock, a file, randomness or the terminal."""
    return [
        source.at(node, f"{_dotted(node.func)} is called: expected its result as an argument")
        for source in tree
        for node in ast.walk(source.module)
        if isinstance(node, ast.Call) and _dotted(node.func) in IMPURE_CALLS
    ]


def mutable_values(tree: Tree) -> list[str]:
    """Return a complaint for each dataclass that is not frozen and slotted."""
    return [
        source.at(node, f"{node.name} is mutable: expected @dataclass(frozen=True, slots=True)")
        for source in tree
        for node in ast.walk(source.module)
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if _is_dataclass(decorator) and not {"frozen", "slots"} <= _switched_on(decorator)
    ]


def untied_todos(tree: Tree) -> list[str]:
    """Return a complaint for each comment that promises work without naming an issue."""
    return [
        f"{source.path}:{line}: comment promises work: expected the number of an issue, like TODO(#12)"
        for source in tree
        for line, comment in _comments(source)
        if UNTIED_TODO.search(comment)
    ]


def machine_paths(tree: Tree) -> list[str]:
    """Return a complaint for each line that names a path of one machine."""
    return _lines_with(tree, MACHINE_PATH, "names a path of one machine")


def registry_hosts(tree: Tree) -> list[str]:
    """Return a complaint for each line that names the host of a package registry."""
    return _lines_with(tree, REGISTRY_HOST, "names the host of a package registry")


def soft_tests(tree: Tree) -> list[str]:
    """Return a complaint for each skip, expected failure, patch of our own code and sleep in a test."""
    return [
        source.at(node, f"{name} is used: a test runs, on the real thing, and waits for what it waits for")
        for source in tree
        for node in ast.walk(source.module)
        for name in _names_used(node)
        if name.startswith(SOFT_TESTS)
    ]


def _public(source: Source) -> Iterator[tuple[str, ast.Module | ast.ClassDef | Function]]:
    yield source.path, source.module
    yield from _public_members(source.module)


def _public_members(parent: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.ClassDef | Function]]:
    for node in parent.body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_") or _is_overload(node):
            continue
        yield node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public_members(node)


def _is_overload(node: ast.ClassDef | Function) -> bool:
    return any(_dotted(decorator) in {"overload", "typing.overload"} for decorator in node.decorator_list)


def _is_empty_package(source: Source, node: ast.AST) -> bool:
    return isinstance(node, ast.Module) and source.path.endswith("__init__.py") and not node.body


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _is_dataclass(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _dotted(called) in {"dataclass", "dataclasses.dataclass"}


def _switched_on(decorator: ast.expr) -> set[str]:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return {word.arg for word in keywords if word.arg and isinstance(word.value, ast.Constant) and word.value.value}


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _names_used(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return [_dotted(node)] if isinstance(node, ast.Attribute) else []


def _lines_with(tree: Tree, pattern: re.Pattern[str], what: str) -> list[str]:
    return [
        f"{source.path}:{number}: {what}"
        for source in tree
        for number, line in enumerate(source.lines, start=1)
        if pattern.search(line)
    ]
