from datetime import date

from events import statistics
from events.count import Count, exactly
from events.edtf import parse_span
from events.ids import Agency
from events.statistics import Happening
from tests.unit.drafts import Draft, history, live

CN, MM = Agency("cn"), Agency("mm")

DAY = date(2026, 11, 1)


def offer(office: str = "cn:blo-ruili", **changes: object) -> Draft:
    return live(
        "HandoverOffered", office, **{"handover_key": "h-1", "crossing": "ruili-muse", "persons": ["p-1"], **changes}
    )


def confirmation(office: str = "mm:blo-muse", **changes: object) -> Draft:
    said = {"handover_key": "h-1", "crossing": "ruili-muse", "received": ["p-1"], **changes}
    return live("HandoverConfirmed", office, **said)


def handed_over(*lines: Draft) -> int:
    return len(statistics.handed_over(history(lines), CN, MM))


def arrest(*leads: str, office: str = "mm:atipd", **said: object) -> Draft:
    return live("ArrestReported", office, **{"lead_keys": list(leads), "suspects": {"min": 3, "max": 3}, **said})


def test_handed_over_is_offered_by_one_country_and_confirmed_by_the_other() -> None:
    assert handed_over(offer(), confirmation()) == 1
    assert handed_over(offer()) == 0
    assert handed_over(confirmation()) == 0


def test_one_country_alone_hands_nobody_over() -> None:
    assert handed_over(offer(), confirmation("cn:blo-nansan")) == 0
    assert handed_over(offer("mm:blo-muse"), confirmation()) == 0
    assert statistics.handed_over(history([offer(), confirmation("cn:blo-nansan")]), CN, CN) == ()


def test_another_gate_another_handover_or_another_person_does_not_count() -> None:
    assert handed_over(offer(), confirmation(crossing="wanding-kyukok")) == 0
    assert handed_over(offer(), confirmation(handover_key="h-2")) == 0
    assert handed_over(offer(), confirmation(received=["p-2"])) == 0
    assert handed_over(offer(), confirmation(received=[], declined_to_cross=["p-1"])) == 0


def test_a_repeated_signature_counts_once() -> None:
    assert handed_over(offer(), offer(), confirmation(), confirmation()) == 1


def test_the_confirmation_may_stand_in_the_ledger_before_the_offer() -> None:
    assert handed_over(confirmation(), offer()) == 1


def test_a_handover_has_ended_when_its_later_half_has() -> None:
    early = {**offer(), "occurred": "2005-07-14"}
    late = {**confirmation(), "occurred": "2005-08"}
    (found,) = statistics.handed_over(history([early, late]), CN, MM)

    assert found.span == parse_span("2005-08")


def test_a_half_without_a_date_leaves_the_end_open() -> None:
    known = {**offer(), "occurred": "2005-07-14"}
    undated = {**confirmation(), "occurred": "unknown"}
    (found,) = statistics.handed_over(history([known, undated]), CN, MM)

    assert found.span == parse_span("2005-07-14/..")


def test_arrests_are_credited_only_to_a_lead_of_the_other_side() -> None:
    foreign = live("LeadShared", "cn:ah-police", lead_key="lead-1")
    own = live("LeadShared", "mm:atipd", lead_key="lead-2")
    lines = history([foreign, own, arrest("lead-1"), arrest("lead-2"), arrest("lead-9"), arrest(), arrest("lead-1")])

    assert statistics.as_of(statistics.arrests_credited(lines, MM), DAY) == exactly(6)


def test_a_lead_or_a_meeting_that_both_recorded_counts_once() -> None:
    meetings = [live("MeetingHeld", office, meeting_key="m-1") for office in ("cn:mps-cid", "mm:home-affairs")]

    assert len(statistics.meetings_held(history(meetings))) == 1


def test_what_may_have_happened_is_the_upper_bound() -> None:
    happenings = [Happening(parse_span("2005-07"), exactly(23)), Happening(parse_span("2005-06"), exactly(2))]

    assert statistics.as_of(happenings, date(2005, 7, 15)) == Count(2, 25)


def test_an_unbounded_figure_has_no_upper_bound_once_it_can_have_happened() -> None:
    assert statistics.as_of([Happening(parse_span("2005-07/2006"), Count(2))], date(2005, 7, 1)) == Count(0)


def test_periods_come_in_order_and_what_fits_none_after_them() -> None:
    texts = ["2005-07/2006-11-09", "2005-12", "2005-07-14", "../2005-07", "2005-07/..", "unknown", "2005-07-15"]
    happenings = [Happening(parse_span(text)) for text in texts]

    assert statistics.by_period(happenings, statistics.month) == {
        "2005-07": exactly(2),
        "2005-12": exactly(1),
        "period not known": exactly(1),
        "period not known (2005-07 to 2006-11)": exactly(1),
        "period not known (from 2005-07)": exactly(1),
        "period not known (until 2005-07)": exactly(1),
    }


def test_a_month_is_known_in_its_quarter_and_a_quarter_in_its_year() -> None:
    happenings = [Happening(parse_span("2005-07/2005-09"), exactly(5))]

    assert list(statistics.by_period(happenings, statistics.month)) == ["period not known (2005-07 to 2005-09)"]
    assert statistics.by_period(happenings, statistics.quarter) == {"2005-Q3": exactly(5)}
    assert statistics.by_period(happenings, statistics.year) == {"2005": exactly(5)}


def test_the_last_declared_total_counts_and_one_not_over_yet_does_not() -> None:
    def meeting(occurred: str, least: int) -> Draft:
        said = {"measure": "persons_handed_over", "direction": "cn-mm", "count": {"min": least, "max": None}}
        return {**live("MeetingHeld", "cn:mps-cid", meeting_key=occurred, declared_totals=[said]), "occurred": occurred}

    lines = history([meeting("2006-11-05/2006-11-09", 101), meeting("2005-11-07", 50)])

    def declared(day: date) -> Count | None:
        return statistics.declared_total(lines, "persons_handed_over", "cn-mm", day)

    assert declared(date(2005, 11, 6)) is None
    assert declared(date(2006, 11, 8)) == Count(50)
    assert declared(date(2006, 11, 9)) == Count(101)


def test_a_completed_activity_is_done_if_it_was_agreed() -> None:
    def line(office: str, key: str) -> Draft:
        return live("ActivityPlanned", office, activity_key=key, number=1)

    done = [live("ActivityReported", "cn:mps-cid", activity_key=key, status="completed") for key in ("a-1", "a-2")]
    lines = history([line("cn:mps-cid", "a-1"), line("mm:home-affairs", "a-1"), line("cn:mps-cid", "a-2"), *done])

    (found,) = statistics.plan_lines(lines)
    assert found.done is not None
