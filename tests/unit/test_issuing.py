from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from uuid import UUID

import pytest

from events.admission import Admitted, Duplicate
from events.catalogue import LeadShared, LeadSharedSealed, VictimIdentified
from events.codec import decode_sealed
from events.draft import About, Draft, draft_of
from events.envelope import parse_envelope, read_event
from events.errors import EventTooLargeError, NotAReaderError, OfficeNotAuthorisedError
from events.event import Event
from events.forms import FormError
from events.ids import NO_HASH, Office
from events.sealing import context_of, open_sealed, parse_sealed, sealed_digest
from hub.issuing import Issuer, Keys, Standing
from hub.outbox_errors import LedgerNotRead, NoReader, NoSigningKey, SaidOtherwise
from hub.outbox_rows import Kept
from hub.repetition import Prior
from tests.support.issuers import LocalDesk, drafts, lead_draft
from tests.support.ledger import AH_POLICE, ATIPD, FOUNDED_AT, MUSE, RUILI, Corridor

NAME = UUID("6e3f2c1a-58a4-4c1e-9d1b-2a6f0c9b7d11")


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    return LocalDesk(tmp_path)


def kept(desk: LocalDesk, event_id: str) -> Kept:
    found = desk.outbox.by_event_id(event_id)
    assert found is not None
    return found


def event_of(desk: LocalDesk, event_id: str) -> Event:
    raw = parse_envelope(kept(desk, event_id).envelope).event
    return read_event(desk.corridor.book.schemas, raw)[1]


def test_what_is_issued_is_admitted(desk: LocalDesk) -> None:
    desk.issue(*drafts(3), lead_draft("other", MUSE), *drafts(2))

    envelopes = [event.envelope for event in desk.outbox.unsettled(0) if event.office == RUILI]
    desk.hear(envelopes)

    assert [type(verdict) for verdict in desk.corridor.verdicts[-5:]] == [Admitted] * 5


def test_each_office_has_its_own_chain(desk: LocalDesk) -> None:
    ids = desk.issue(lead_draft("a"), lead_draft("b", MUSE), lead_draft("c"))

    headers = [event_of(desk, each).header for each in ids]

    assert [(each.office, each.sequence) for each in headers] == [(RUILI, 1), (MUSE, 1), (RUILI, 2)]
    assert headers[0].previous == NO_HASH
    assert headers[2].previous == event_of(desk, ids[0]).digest


def test_a_chain_goes_on_after_the_outbox_was_opened_again(desk: LocalDesk, tmp_path: Path) -> None:
    desk.issue(*drafts(2))
    desk.outbox.close()

    again = LocalDesk(tmp_path, desk.corridor)
    (event_id,) = again.issue(lead_draft("c"))

    assert event_of(again, event_id).header.sequence == 3


def test_an_event_says_how_much_of_the_ledger_its_office_had_seen(desk: LocalDesk) -> None:
    (event_id,) = desk.issue(lead_draft())

    tail = desk.corridor.book.tail
    seen = event_of(desk, event_id).header.seen

    assert seen is not None
    assert (seen.tree_size, seen.root) == (tail.size, tail.frontier.root())


def test_one_wrong_draft_and_nothing_is_signed(desk: LocalDesk) -> None:
    wrong = lead_draft(urgency="now")

    with pytest.raises(FormError, match=r"^\[2\]\.urgency: expected one of"):
        desk.issue(*drafts(2), wrong)

    assert desk.outbox.unsent(10) == []
    assert desk.outbox.head(0, RUILI) is None


def test_an_office_that_may_not_say_it_is_told_before_signing(desk: LocalDesk) -> None:
    draft = Draft("CorridorFounded", {}, About(office=RUILI))

    with pytest.raises(OfficeNotAuthorisedError, match="cn:blo-ruili may not issue CorridorFounded"):
        desk.issue(draft)


def test_a_type_that_the_ledger_does_not_know_is_named(desk: LocalDesk) -> None:
    with pytest.raises(FormError, match=r"type: expected one of .*, found LeadShard"):
        desk.issue(Draft("LeadShard", {}, About(office=RUILI)))


def test_without_a_key_nothing_is_signed(desk: LocalDesk) -> None:
    issuer = Issuer(desk.outbox, Keys({}, {}), lambda: FOUNDED_AT, token_bytes)

    with pytest.raises(NoSigningKey, match="cannot sign for cn:blo-ruili: its 1 keys in force are elsewhere"):
        issuer.issue(desk.standing(), [lead_draft()])
    with pytest.raises(NoSigningKey, match="cannot sign for cn:nobody: it has no key in force"):
        desk.issue(lead_draft(office=Office("cn:nobody")))


def test_with_one_office_its_name_can_be_left_out(desk: LocalDesk) -> None:
    key = desk.corridor.keys[RUILI]
    issuer = Issuer(desk.outbox, Keys({key.key_id: key}, {}), lambda: FOUNDED_AT, token_bytes)

    (event_id,) = issuer.issue(desk.standing(), [draft_of(LeadShared(lead_key="lead-1", kind="route"))])

    assert kept(desk, event_id).office == RUILI


def test_with_several_offices_one_must_be_named(desk: LocalDesk) -> None:
    with pytest.raises(FormError, match=r"office: expected one of cn:ah-police, cn:blo-ruili, .*, found nothing"):
        desk.issue(draft_of(LeadShared(lead_key="lead-1", kind="route")))


def test_a_cause_can_be_an_event_id_of_the_same_batch_or_of_the_outbox(desk: LocalDesk) -> None:
    first, second = desk.issue(lead_draft("a", event_id=NAME), lead_draft("b", cause=NAME))
    (third,) = desk.issue(lead_draft("c", cause=UUID(second)))

    assert event_of(desk, second).header.cause == event_of(desk, first).digest
    assert event_of(desk, third).header.cause == event_of(desk, second).digest


def test_an_unknown_cause_is_refused(desk: LocalDesk) -> None:
    with pytest.raises(FormError, match="cause: expected an event that this node knows, found none with this id"):
        desk.issue(lead_draft(cause=NAME))


def test_an_event_over_48_kib_is_refused(desk: LocalDesk) -> None:
    with pytest.raises(EventTooLargeError):
        desk.issue(lead_draft("k" * 49_152))


# ---- sealed parts


def sealed_lead(office: Office = RUILI, **about: object) -> Draft:
    value = LeadShared(lead_key="lead-1", kind="person_at_risk")
    return draft_of(value, About(office=office, **about), LeadSharedSealed(summary="EXERCISE"))  # type: ignore[arg-type]


def opened(desk: LocalDesk, event_id: str, office: Office) -> dict[str, object]:
    header = event_of(desk, event_id).header
    assert header.sealed is not None
    part = parse_sealed(kept(desk, event_id).sealed or b"")
    key = desk.corridor.sealing[office]
    content = open_sealed(part, context_of(header), header.sealed.key_commitment, key)
    return decode_sealed(desk.corridor.book.schemas.by_name[header.type], content)


@pytest.mark.parametrize("office", [RUILI, MUSE])
def test_the_issuer_and_who_is_told_can_open_the_sealed_part(desk: LocalDesk, office: Office) -> None:
    (event_id,) = desk.issue(sealed_lead())

    assert opened(desk, event_id, office) == {"summary": "EXERCISE", "source": None, "wanted": None}


def test_nobody_else_can_open_it(desk: LocalDesk) -> None:
    (event_id,) = desk.issue(sealed_lead())
    told = event_of(desk, event_id).header.sealed
    assert told is not None

    outside = [each for each, key in desk.corridor.sealing.items() if key.key_id not in told.recipient_keys]

    assert outside
    with pytest.raises(NotAReaderError):
        opened(desk, event_id, outside[0])


def test_the_header_names_the_exact_bytes_that_travel(desk: LocalDesk) -> None:
    (event_id,) = desk.issue(sealed_lead())

    row, reference = kept(desk, event_id), event_of(desk, event_id).header.sealed

    assert reference is not None
    assert reference.digest == row.sealed_digest == sealed_digest(row.sealed or b"")
    assert b"EXERCISE" not in row.envelope + (row.sealed or b"")


def test_two_sealed_parts_of_the_same_content_have_nothing_in_common(desk: LocalDesk) -> None:
    first, second = desk.issue(sealed_lead(), sealed_lead())

    parts = [parse_sealed(kept(desk, each).sealed or b"") for each in (first, second)]

    assert parts[0].nonce != parts[1].nonce
    assert parts[0].ciphertext != parts[1].ciphertext


def test_what_belongs_into_the_sealed_part_is_refused_in_clear(desk: LocalDesk) -> None:
    draft = draft_of(VictimIdentified(person_key="p-1", status="presumed"), About(office=AH_POLICE))
    in_clear = replace(draft, payload={**draft.payload, "name": "Sample Person"})

    with pytest.raises(FormError, match=r"payload\.name: expected it in the sealed part only, found it in clear"):
        desk.issue(in_clear)


def test_a_named_recipient_without_a_key_is_an_error(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path, without_encryption(ATIPD))

    with pytest.raises(NoReader, match="nothing can be sealed to mm:atipd: no encryption key in force"):
        desk.issue(sealed_lead(recipients=("mm:atipd",)))


def test_an_office_told_only_by_rule_does_not_keep_a_lead_from_the_others(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path, without_encryption(ATIPD))

    (event_id,) = desk.issue(sealed_lead(urgency="u1_life_or_liberty"))

    assert opened(desk, event_id, MUSE)["summary"] == "EXERCISE"


def without_encryption(office: Office) -> Corridor:
    corridor = Corridor.founded()
    name = corridor.sealing[office].key_id
    ring = corridor.book.keyring
    in_force = {key: entry for key, entry in ring.in_force.items() if key != name}
    corridor.book = replace(corridor.book, keyring=replace(ring, in_force=in_force))
    return corridor


# ---- the same event twice


def test_the_same_event_again_is_the_one_that_was_signed(desk: LocalDesk) -> None:
    first = desk.issue(lead_draft(event_id=NAME))

    assert desk.issue(lead_draft(event_id=NAME)) == first
    assert len(desk.outbox.unsent(10)) == 1


def test_the_same_event_twice_in_one_batch_is_signed_once(desk: LocalDesk) -> None:
    ids = desk.issue(lead_draft(event_id=NAME), lead_draft("b"), lead_draft(event_id=NAME))

    assert ids[0] == ids[2]
    assert len(desk.outbox.unsent(10)) == 2


@pytest.mark.parametrize(
    "other",
    [
        lead_draft("other", event_id=NAME),
        lead_draft(event_id=NAME, case_key="case-2"),
        lead_draft(event_id=NAME, occurred="2005"),
        lead_draft(event_id=NAME, cause=b"\x01" * 32),
        sealed_lead(event_id=NAME),
        Draft("EventOpened", {"digest": bytes(32)}, About(office=RUILI, event_id=NAME)),
    ],
    ids=["payload", "case", "occurred", "cause", "sealed", "type"],
)
def test_another_event_under_the_same_id_is_refused(desk: LocalDesk, other: Draft) -> None:
    desk.issue(lead_draft(event_id=NAME))

    with pytest.raises(SaidOtherwise, match=f"event {NAME} was signed before with other content"):
        desk.issue(other)


def test_the_same_sealed_content_again_is_the_same_event(desk: LocalDesk) -> None:
    first = desk.issue(sealed_lead(event_id=NAME))

    assert desk.issue(sealed_lead(event_id=NAME)) == first
    with pytest.raises(SaidOtherwise):
        desk.issue(replace(sealed_lead(event_id=NAME), sealed={"summary": "EXERCISE, other"}))


def test_an_event_that_only_the_ledger_remembers_is_not_said_twice(desk: LocalDesk, tmp_path: Path) -> None:
    (event_id,) = desk.issue(lead_draft(event_id=NAME))
    envelope = kept(desk, event_id).envelope
    desk.hear([envelope])
    (tmp_path / "new").mkdir()
    restored = LocalDesk(tmp_path / "new", desk.corridor)

    def admitted(wanted: UUID) -> Prior | None:
        return Prior(parse_envelope(envelope).event, RUILI) if wanted == NAME else None

    again = restored.issuer.issue(restored.standing(), [lead_draft(event_id=NAME)], admitted)

    assert again == (event_id,)
    assert restored.outbox.unsent(10) == []


def test_an_event_id_that_another_office_took_first_does_not_stop_ours(desk: LocalDesk) -> None:
    theirs = desk.corridor.says(MUSE, "LeadShared", lead_draft().payload, event_id=NAME)

    ids = desk.issuer.issue(
        desk.standing(), [lead_draft(event_id=NAME)], lambda _id: Prior(parse_envelope(theirs).event, MUSE)
    )

    assert kept(desk, ids[0]).office == RUILI


# ---- a ledger that was not read


def test_nothing_is_signed_for_a_ledger_that_is_not_known(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path, Corridor())

    with pytest.raises(LedgerNotRead, match="ledger is not known yet"):
        desk.issue(lead_draft())


def test_a_new_outbox_signs_nothing_before_the_ledger_was_read_to_its_end(desk: LocalDesk) -> None:
    with pytest.raises(LedgerNotRead, match="outbox of cn:blo-ruili is new or was copied back"):
        desk.issuer.issue(desk.standing(is_current=False), [lead_draft()])


def test_without_a_broker_a_chain_that_was_compared_before_goes_on(desk: LocalDesk) -> None:
    desk.issue(lead_draft())

    assert desk.issuer.issue(desk.standing(is_current=False), [lead_draft("b")])


def test_a_batch_is_one_after_the_other_for_the_ledger(desk: LocalDesk) -> None:
    desk.issue(*drafts(20))
    desk.admit()

    steps = desk.hear([kept(desk, each).envelope for each in desk.issue(lead_draft("z"))])

    assert steps[0].event is not None
    assert steps[0].event.header.sequence == 21
    assert not isinstance(desk.verdict, Duplicate)


def test_a_large_batch_is_signed_in_order(desk: LocalDesk) -> None:
    desk.issue(*drafts(150))

    desk.admit()

    assert [type(verdict) for verdict in desk.corridor.verdicts[-150:]] == [Admitted] * 150


def test_a_standing_needs_no_more_than_a_book(desk: LocalDesk) -> None:
    assert Standing(0, desk.corridor.book, is_current=True) == desk.standing()
