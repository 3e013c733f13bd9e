"""The page of a pack: one file, nothing loaded from elsewhere, no script; read on paper as on a screen."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import cast

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from events.count import ZERO, Count, total
from events.projections import Json
from hub import pack_words
from hub.charts import Bar, bounds_chart

EVENTS_SHOWN_MAX = 60
"""Rows of the list of events; the pack itself has all of them."""

TILES_MAX = 4

Row = Mapping[str, Json]


def page(value: Mapping[str, Json], digest: str) -> str:
    """Return the page of a pack; *digest* is SHA-256 of pack.json's exact bytes, as hex."""
    figures = cast("Sequence[Row]", value["figures"])
    told = [figure for figure in figures if _is_told(figure)]
    events = cast("Sequence[Row]", value["events"])
    text: str = _template().render(
        pack=value,
        digest=digest,
        title=_title(value),
        figures=[*told, *(figure for figure in figures if figure not in told)],
        tiles=sorted(told, key=_is_unknown)[:TILES_MAX],
        chart=Markup(_chart(told)) if told else "",  # noqa: S704 - our own drawing of numbers and fixed words
        crossings=[*_crossings(cast("Sequence[Row]", value["handovers"]))],
        events=events[:EVENTS_SHOWN_MAX],
    )
    return text


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("hub", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("words", "direction", "count", "span", "occurred", "day", "corridor_title", "in_groups"):
        environment.filters[name] = getattr(pack_words, name)
    return environment.get_template("pack.html.j2")


def _title(value: Mapping[str, Json]) -> str:
    period = cast("Mapping[str, str]", value["period"])
    return pack_words.period_title(period["name"], period["first"], period["last"])


def _is_told(figure: Row) -> bool:
    return bool(figure["not_known"]) or pack_words.count_of(figure["within"]) != ZERO


def _is_unknown(figure: Row) -> bool:
    return pack_words.count_of(figure["within"]) == ZERO


def _possible(figure: Row) -> Count:
    rows = cast("Sequence[Row]", figure["not_known"])
    return total(pack_words.count_of(row["count"]) for row in rows)


def _chart(figures: Sequence[Row]) -> str:
    bars = [Bar(_label(figure), pack_words.count_of(figure["within"]), _possible(figure)) for figure in figures]
    return bounds_chart(bars, title="Figures of the period; the table beside it has the same numbers")


def _label(figure: Row) -> str:
    of = pack_words.direction(figure["of"])
    name = SHORT.get(str(figure["measure"]), pack_words.words(figure["measure"]))
    return f"{name}, {of}" if of else name


SHORT = {"suspects_arrested_on_leads": "Suspects arrested on leads"}
"""Words for where there is less room."""

HEADS = ("offered", "received", "not_received", "declined_to_cross", "unaccounted")


def _crossings(rows: Sequence[Row]) -> Iterator[dict[str, Json]]:
    """Yield the sums of each crossing's hand-overs."""
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        found = sums.setdefault(str(row["crossing"]), Counter())
        found["handovers"] += 1
        found.update({name: cast("int", row[name]) for name in HEADS})
    for crossing, found in sorted(sums.items()):
        yield {"crossing": crossing, **{name: found[name] for name in ("handovers", *HEADS)}}
