"""The reading commands, from the command line to the bytes, on a node that has read the founding scenario."""

import json
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import TypeAlias

import pytest
import typer

from events.ids import LeafIndex, TreeSize
from events.ledger import Source
from events.replay import parse_period
from hub.cli import audit, exchange, history, ledger, quarantine
from hub.cli.common import choose_node, printable, run
from hub.exchange import pack_of
from hub.ledger_view import LedgerView
from hub.store import Finding
from tests.support.ledger import Corridor
from tests.support.played import CASE, LIVE_CASE, checkpoint_of, node_in, played

Run: TypeAlias = Callable[..., tuple[int, str, str]]

BAD = b"not an envelope"


@pytest.fixture(scope="module")
def corridor() -> Corridor:
    return played()


@pytest.fixture(scope="module")
def node(corridor: Corridor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return node_in(tmp_path_factory.mktemp("node"), corridor)


def app(note: bytes | None = None, quarantined: bytes | None = BAD) -> typer.Typer:
    found = typer.Typer(callback=choose_node, add_completion=False)
    found.command("exchange")(exchange.exchange)
    found.command("history")(history.history)
    found.add_typer(ledger.app, name="ledger")
    found.add_typer(audit.audit_app(lambda _settings: note), name="audit")

    def fetch(_settings: object, source: Source) -> bytes | None:
        assert source.topic == "liaison.mm.events.v1"
        return quarantined

    found.add_typer(quarantine.quarantine_app(fetch), name="quarantine")
    return found


@pytest.fixture
def hub(node: Path, corridor: Corridor, capsys: pytest.CaptureFixture[str]) -> Run:
    def hub(*args: str, at: Path = node, quarantined: bytes | None = BAD) -> tuple[int, str, str]:
        code = run(app(checkpoint_of(corridor), quarantined), ["--node", str(at), *args])
        said = capsys.readouterr()
        return code, said.out, said.err

    return hub


# ---------------------------------------------------------------- exchange


def test_the_pack_has_the_same_bytes_however_the_ledger_was_read(corridor: Corridor, hub: Run, tmp_path: Path) -> None:
    packs = []
    for batch in (1, 7, 1000):
        desk = node_in(tmp_path / f"desk-{batch}", corridor, batch=batch)
        assert hub("exchange", "2005-07", "--out", str(tmp_path / f"out-{batch}"), at=desk)[0] == 0
        packs.append([(tmp_path / f"out-{batch}" / name).read_bytes() for name in ("pack.json", "pack.html")])

    assert packs[0] == packs[1] == packs[2]


def test_the_digest_to_sign_is_that_of_the_packs_bytes(hub: Run, tmp_path: Path) -> None:
    code, out, err = hub("exchange", "2005-07", "--out", str(tmp_path), "--json")

    digest = sha256((tmp_path / "pack.json").read_bytes()).hexdigest()
    assert (code, json.loads(out)["sha256"]) == (0, digest)
    assert err == "replaying ledger entries 0 to 85 (86) for 2005-07-01 to 2005-07-31\n"


def test_the_pack_is_canonical_json_without_names_of_nodes(hub: Run, tmp_path: Path) -> None:
    hub("exchange", "2005-07", "--out", str(tmp_path))
    raw = (tmp_path / "pack.json").read_bytes()

    value = json.loads(raw, parse_float=lambda text: pytest.fail(f"float {text}"))
    again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert raw == again.encode()
    assert str(tmp_path).encode() not in raw


def test_a_pack_as_of_a_leaf_does_not_see_what_came_later(hub: Run, tmp_path: Path) -> None:
    assert hub("exchange", "2005-07", "--out", str(tmp_path), "--as-of", "leaf:38")[0] == 0

    found = json.loads((tmp_path / "pack.json").read_text(encoding="utf-8"))
    assert (found["ledger"]["tree_size"], found["handovers"]) == (39, [])


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.fixture(scope="module")
def page(node: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("pack")
    assert run(app(), ["--node", str(node), "exchange", "2005-07", "--out", str(out)]) == 0
    return (out / "pack.html").read_text(encoding="utf-8")


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    found = Page(page)

    assert not {"script", "link", "img", "iframe", "object"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    links = [value or "" for name, value in found.attributes if name in {"href", "src", "xlink:href", "action"}]
    assert all(link.startswith("#") for link in links)
    assert "url(http" not in page


def test_the_page_can_be_read_by_machines_that_read_aloud(page: str) -> None:
    found = Page(page)

    assert found.tags.count("h1") == found.tags.count("main") == 1
    assert ("lang", "en") in found.attributes
    assert found.tags.count("table") == found.tags.count("thead")
    assert found.tags.count("svg") == [value for name, value in found.attributes if name == "role"].count("img") == 1


@pytest.mark.parametrize(
    "words",
    [
        "July 2005",
        "(2005-07 to 2006-11)",
        "≥ 2",
        "not evaluated",
        "balanced",
        "both sides sign",
    ],
)
def test_the_page_says_what_matters(page: str, words: str) -> None:
    assert words in re.sub(r"\s+", " ", page)


def test_words_from_the_ledger_cannot_become_markup(tmp_path: Path, hub: Run) -> None:
    corridor = Corridor.founded()
    payload = {"lead_key": "<script>alert(1)</script>", "kind": "route", "place_code": None, "protects_source": True}
    corridor.says(list(corridor.keys)[2], "LeadShared", payload)
    desk = node_in(tmp_path / "desk", corridor)

    assert hub("exchange", "2026-11", "--out", str(tmp_path), at=desk)[0] == 0
    assert "script" not in Page((tmp_path / "pack.html").read_text(encoding="utf-8")).tags


class Forged:
    """A read model whose node has objected to an entry: the arrests of leaf 66 are not authentic."""

    def __init__(self, corridor: Corridor) -> None:
        self.records = corridor.entries

    def size(self, _corridor: int) -> TreeSize:
        return TreeSize(len(self.records))

    def entries(self, _corridor: int, first: LeafIndex, last: LeafIndex) -> Iterator[tuple[LeafIndex, bytes]]:
        return ((LeafIndex(leaf), self.records[leaf]) for leaf in range(first, last + 1))

    def findings(self, _corridor: int) -> tuple[Finding, ...]:
        return (Finding(LeafIndex(66), "ledger.entry_not_authentic", "ledger", ""),)


def test_what_the_node_objected_to_is_named_and_does_not_count(corridor: Corridor) -> None:
    ledger_view = LedgerView(Forged(corridor), 0)

    found = pack_of(ledger_view.steps(86), parse_period("2005-07")).value

    assert found["arrests"] == []
    assert found["ledger"]["objections"] == [{"leaf": 66, "finding": "ledger.entry_not_authentic"}]  # type: ignore[index,call-overload]


# ---------------------------------------------------------------- history


def test_history_as_of_two_dates_differs(hub: Run) -> None:
    then = json.loads(hub("history", CASE, "--as-of", "occurred:2005-07-31", "--json")[1])
    now = json.loads(hub("history", CASE, "--json")[1])

    lead = {name: [each["state"] for each in found["aggregates"] if each["kind"] == "lead"]
            for name, found in (("then", then), ("now", now))}  # fmt: skip
    assert lead == {"then": ["shared"], "now": ["acted_on"]}
    assert [line["certain"] for line in then["timeline"]].count(False) == 2


def test_history_shows_who_received_and_opened(hub: Run) -> None:
    found = json.loads(hub("history", LIVE_CASE, "--json")[1])

    lead = found["timeline"][0]["leaf"]
    assert [(line["type"], line["about"]) for line in found["timeline"][1:]] == [
        ("EventReceived", [lead]),
        ("EventOpened", [lead]),
        ("RequestAcknowledged", [lead]),
    ]


@pytest.mark.parametrize(
    ("as_of", "known"),
    [
        ("leaf:38", 24),
        ("admitted:2026-11-01T00:00:24Z", 24),
        ("received:mm:blo-muse", 24),
        ("opened:cn:mps-cid", 0),
        ("occurred:2005-07-31", 50),
    ],
)
def test_five_questions_have_five_answers(hub: Run, as_of: str, known: int) -> None:
    found = json.loads(hub("history", CASE, "--as-of", as_of, "--json")[1])

    assert (found["known"], found["total"]) == (known, 24 if as_of.startswith("leaf") else 52)


def test_twenty_three_alike_are_one_line(hub: Run) -> None:
    _, out, _ = hub("history", CASE)

    assert "16–38" in out
    assert "VictimIdentified ×23" in out


def test_an_unknown_case_names_the_nearest(hub: Run) -> None:
    code, out, err = hub("history", "cn-ah-2005-0582")

    assert (code, out) == (1, "")
    assert f"hint: did you mean {CASE}?" in err


# ---------------------------------------------------------------- ledger, quarantine


def test_the_ledger_lists_the_newest_in_ledger_order(hub: Run) -> None:
    found = json.loads(hub("ledger", "list", "--limit", "3", "--json")[1])

    assert [each["leaf"] for each in found["entries"]] == [83, 84, 85]


def test_the_ledger_lists_what_was_asked_for(hub: Run) -> None:
    args = ("--type", "VictimIdentified", "--office", "cn:ah-police", "--after", "20", "--limit", "2", "--json")
    found = json.loads(hub("ledger", "list", *args)[1])

    assert [each["leaf"] for each in found["entries"]] == [21, 22]


def test_an_entry_is_found_by_leaf_event_id_and_digest(hub: Run) -> None:
    found = json.loads(hub("ledger", "show", "81", "--json")[1])

    for name in (found["event_id"], found["digest"], found["digest"][:12]):
        assert json.loads(hub("ledger", "show", name, "--json")[1]) == found


def test_an_entry_shows_its_schema_and_that_its_signature_holds(hub: Run) -> None:
    found = json.loads(hub("ledger", "show", "81", "--raw", "--json")[1])

    assert found["signature"]["holds"] is True
    assert found["schema"]["name"] == found["event"]["header"]["type"] == "LeadShared"
    assert found["event"]["payload"]["kind"] == "person_at_risk"
    assert sha256(b"\0" + bytes.fromhex(found["raw"])).hexdigest() == found["leaf_hash"]


def test_a_refusal_says_why_and_what_to_do(hub: Run) -> None:
    (found,) = json.loads(hub("quarantine", "list", "--json")[1])["refused"]

    assert (found["leaf"], found["reason"], found["sha256"]) == (85, "not-an-envelope", sha256(BAD).hexdigest())
    assert found["hint"].startswith("Send a single-object encoded Envelope")


def test_refused_bytes_are_shown_on_demand_if_they_are_the_right_ones(hub: Run) -> None:
    assert json.loads(hub("quarantine", "show", "85", "--raw", "--json")[1])["raw"] == BAD.hex()
    assert "raw" not in json.loads(hub("quarantine", "show", "85", "--json")[1])

    code, _, err = hub("quarantine", "show", "85", "--raw", quarantined=b"other")
    assert (code, "SHA-256 differs" in err) == (1, True)


# ---------------------------------------------------------------- audit


def test_a_bundle_is_exported_and_verified(hub: Run, corridor: Corridor, tmp_path: Path) -> None:
    file = str(tmp_path / "bundle.zip")
    assert hub("audit", "export", "--out", file)[0] == 0

    code, out, _ = hub("audit", "verify", file, "--genesis", corridor.genesis.leaf_hash.hex(), "--json")
    assert (code, json.loads(out)["complete"], json.loads(out)["tree_size"]) == (0, True, 86)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("history", CASE, "--as-of", "leaf:86"), 2),
        (("history", CASE, "--as-of", "someday"), 2),
        (("exchange", "2005-13"), 2),
        (("exchange", "2005-07", "--as-of", "occurred:2005"), 2),
        (("exchange",), 2),
        (("ledger", "show", "ffffffff"), 2),
        (("ledger", "nonsense"), 2),
        (("quarantine", "show", "3"), 2),
        (("audit", "verify", "x.zip", "--genesis", "zz"), 2),
        (("audit", "verify", "no-such-file.zip", "--genesis", "00" * 32), 3),
        (("audit", "export", "--out", "no-such-folder/b.zip"), 1),
    ],
)
def test_errors_come_with_a_hint_and_their_code(hub: Run, args: tuple[str, ...], code: int) -> None:
    found, out, err = hub(*args)

    assert (found, out) == (code, "")
    assert re.search(r"^error: [a-z0-9-].*[^.]\nhint: .+\n\Z", err, re.MULTILINE)
    assert "Traceback" not in err


def test_a_folder_without_a_node_says_how_to_name_one(hub: Run, tmp_path: Path) -> None:
    code, _, err = hub("ledger", "list", at=tmp_path)

    assert (code, "--node DIR" in err) == (1, True)


def test_texts_of_others_cannot_move_the_cursor_or_turn_around() -> None:
    assert printable("a\x1b[2Jb\u202ec\nd") == "a [2Jb c d"
