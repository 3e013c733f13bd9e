"""The files a check looks at, as values: every check takes a tree and returns its complaints."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CODE = ("schemas", "events", "hub", "agents", "deploy")
"""The packages that the house style is checked over."""

MADE = {".git", ".venv", "__pycache__", "build", "dist", "node_modules"}
"""Folders that tools make; caches begin with a dot and end in ``_cache``."""


@dataclass(frozen=True)
class Source:
    """One text file: its path from the root, with slashes, and what is in it."""

    path: str
    text: str

    @cached_property
    def module(self) -> ast.Module:
        """The file as a syntax tree."""
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        """The file's lines without their ends."""
        return self.text.splitlines()

    def at(self, node: ast.AST, message: str) -> str:
        """Return a complaint about one place of the file."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {message}"


Tree = tuple[Source, ...]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def snippet(text: str, path: str = "events/example.py") -> Tree:
    """Return a tree of one file, for showing that a check can fail."""
    return (Source(path, text),)


def read_tree(root: Path, suffix: str = "", *, folders: tuple[str, ...] = ("",)) -> Tree:
    """Return the text files under some folders of *root* whose names end in *suffix*, in order."""
    paths = (path for folder in folders for path in _files(root / folder) if path.name.endswith(suffix))
    return tuple(
        Source(path.relative_to(root).as_posix(), text) for path in sorted(paths) if (text := _text(path)) is not None
    )


def functions_of(source: Source) -> Iterator[Function]:
    """Yield every function and method of a file, nested ones too."""
    return (node for node in ast.walk(source.module) if isinstance(node, Function))


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in MADE and not name.endswith(("_cache", ".egg-info"))]
        folders[:] = [name for name in folders if name != ".hypothesis"]
        yield from (Path(place, name) for name in names)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
