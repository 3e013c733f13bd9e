import pytest

from tests.tidy import documents
from tests.tidy.tree import ROOT, Source, read_tree

RECORD = "# 0001: It is so\n\n## Decision\n\n## Reason\n\n## What we give up\n"


def test_every_link_of_a_document_leads_somewhere() -> None:
    assert "\n".join(documents.broken_links(read_tree(ROOT))) == ""


def test_every_decision_is_listed_and_says_what_we_give_up() -> None:
    assert "\n".join(documents.unfinished_decisions(read_tree(ROOT / "docs" / "decisions", ".md"))) == ""


def test_the_threat_table_names_tests_that_exist() -> None:
    security = Source("SECURITY.md", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))

    assert "\n".join(documents.unshown_threats(security, read_tree(ROOT, ".py", folders=("tests",)))) == ""


@pytest.mark.parametrize("target", ["b.md", "../a.md", "../../docs/a.md", "c/"])
def test_a_link_to_a_file_that_is_not_there_is_found(target: str) -> None:
    tree = (Source("docs/x/d.md", f"see [it]({target}) and [that](https://example.com)"), Source("docs/b.md", ""))

    assert documents.broken_links(tree) == [f"docs/x/d.md: link leads nowhere: {target}"]


@pytest.mark.parametrize("target", ["../b.md", "../b.md#part", "#part", ".."])
def test_a_link_to_a_file_that_is_there_is_fine(target: str) -> None:
    tree = (Source("docs/x/d.md", f"see [it]({target})"), Source("docs/b.md", ""))

    assert documents.broken_links(tree) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("0001-it.md", RECORD.replace("## What we give up\n", "")),
        ("0001-it.md", RECORD.replace("0001", "0002")),
        ("0002-that.md", RECORD.replace("0001", "0002")),
    ],
    ids=["no price", "other number", "not listed"],
)
def test_an_unfinished_decision_is_found(name: str, text: str) -> None:
    tree = (Source("README.md", "[0001](0001-it.md)"), Source(name, text))

    assert len(documents.unfinished_decisions(tree)) == 1


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("| flood | limit | built | `tests/unit/test_a.py` |", 0),
        ("| flood | limit | partly: no quota | `tests/unit/test_a.py` |", 0),
        ("| flood | limit | not yet | |", 0),
        ("| flood | limit | built | |", 1),
        ("| flood | limit | built | `tests/unit` |", 1),
        ("| flood | limit | built | `tests/unit/test_b.py` |", 1),
    ],
)
def test_a_threat_that_claims_more_than_its_tests_is_found(row: str, found: int) -> None:
    tree = (Source("tests/unit/test_a.py", "def test_it(): ..."), Source("tests/unit/test_b.py", ""))

    assert len(documents.unshown_threats(Source("SECURITY.md", row), tree)) == found
