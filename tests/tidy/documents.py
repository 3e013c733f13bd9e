"""Documents: links that lead somewhere, decision records that are whole, a threat table that shows its tests."""

import re
from pathlib import PurePosixPath

from tests.tidy.tree import Source, Tree

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
PARTS = ("## Decision", "## Reason", "## What we give up")
STATES = ("built", "partly", "not yet")
TEST_FILE = re.compile(r"`(tests/[^`]+)`")


def broken_links(tree: Tree) -> list[str]:
    """Return a complaint for each relative link of a Markdown file that leads to no file or folder of the tree."""
    known = {source.path for source in tree}
    places = known | {parent.as_posix() for path in known for parent in PurePosixPath(path).parents}
    return [
        f"{source.path}: link leads nowhere: {target}"
        for source in tree
        if source.path.endswith(".md")
        for target in LINK.findall(source.text)
        if _joined(source.path, target) not in places
    ]


def unfinished_decisions(tree: Tree) -> list[str]:
    """Return a complaint for each decision record that lacks a part, or that the list does not link to."""
    listed = next(source.text for source in tree if source.path.endswith("README.md"))
    return [
        f"{source.path}: {problem}"
        for source in tree
        if not source.path.endswith("README.md")
        for problem in _decision_problems(source, listed)
    ]


def unshown_threats(security: Source, tree: Tree) -> list[str]:
    """Return a complaint for each row of the threat table that claims more than the tests it names."""
    rows = [line.strip("| ").split(" | ") for line in security.lines if line.startswith("| ")]
    return [
        f"{security.path}: {row[0]}: {problem}"
        for row in rows
        if len(row) >= 3 and row[2].startswith(STATES)
        for problem in _threat_problems(row, tree)
    ]


def _joined(path: str, target: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / target).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or "."


def _decision_problems(source: Source, listed: str) -> list[str]:
    name = PurePosixPath(source.path).name
    lacking = [f"has no part {part!r}" for part in PARTS if f"\n{part}\n" not in source.text]
    untitled = [] if source.text.startswith(f"# {name[:4]}: ") else ["does not begin with its number and title"]
    unlisted = [] if f"({name})" in listed else ["is not in the list of decisions"]
    return [*lacking, *untitled, *unlisted]


def _threat_problems(row: list[str], tree: Tree) -> list[str]:
    named = TEST_FILE.findall(" | ".join(row[3:]))
    if not named and not row[2].startswith("not yet"):
        return ["says it is shown, names no test"]
    with_tests = {source.path for source in tree if "def test_" in source.text}
    return [f"no test in {path}" for path in named if path not in with_tests]
