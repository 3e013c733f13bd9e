"""The chart of a pack as SVG paths: the same bytes for the same figures, readable without colour and in print.

Every chart stands beside the table of its numbers; nothing can be read from it alone.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

from events.count import ZERO, Count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

Font: TypeAlias = "Callable[[int], FontProperties]"

INK, PAPER, CERTAIN, POSSIBLE = "#1d2733", "#ffffff", "#1f5a8a", "#8a5a00"
ROW_INCHES, WIDTH_INCHES = 0.46, 7.6
HEAD_INCHES = 0.55
ARROW_PART = 0.04
"""Length of the arrow for "or more", as a part of the axis."""

_PROLOG = re.compile(r"\A.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_STYLE = re.compile(r"\s*<style type=\"text/css\">.*?</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure: what is certain, and what may come on top of it."""

    label: str
    certain: Count
    possible: Count


def bounds_chart(bars: Sequence[Bar], *, title: str) -> str:
    """Return a bar for each figure, the certain part filled, the possible part hatched, an arrow for "or more"."""
    with _matplotlib() as (figure, font):
        figure.set_size_inches(WIDTH_INCHES, HEAD_INCHES + ROW_INCHES * len(bars))
        axes = figure.add_axes((0.36, 0.12, 0.6, 0.86))
        end = max([_end(bar) for bar in bars] + [1])
        for row, bar in enumerate(bars):
            _draw(axes, row, bar, end, font)
        _frame(axes, bars, end, font)
        target = StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return _inline(target.getvalue(), title)


def _draw(axes: "Axes", row: int, bar: Bar, end: int, font: Font) -> None:
    place: float = _end(bar)
    axes.barh(row, bar.certain.min, color=CERTAIN, height=0.5)
    if more := _end(bar) - bar.certain.min:
        left = bar.certain.min
        axes.barh(row, more, left=left, height=0.5, facecolor=PAPER, edgecolor=POSSIBLE, hatch="////")
    if _is_open(bar):
        tip = place + end * ARROW_PART
        axes.annotate("", (tip, row), (place, row), arrowprops={"arrowstyle": "->", "color": POSSIBLE})
        place = tip
    axes.text(place + end * 0.015, row, _value(bar), va="center", color=INK, fontproperties=font(9))


def _frame(axes: "Axes", bars: Sequence[Bar], end: int, font: Font) -> None:
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars])
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_xlim(0, end * 1.6)
    axes.locator_params(axis="x", integer=True)
    for label in (*axes.get_yticklabels(), *axes.get_xticklabels()):
        label.set_fontproperties(font(9))
        label.set_color(INK)
    axes.tick_params(length=0)
    axes.grid(visible=True, axis="x", color="#c9d1da", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(INK)


def _end(bar: Bar) -> int:
    return (bar.certain.max or bar.certain.min) + (bar.possible.max or bar.possible.min)


def _is_open(bar: Bar) -> bool:
    return bar.certain.max is None or bar.possible.max is None


def _value(bar: Bar) -> str:
    if bar.possible == ZERO:
        return str(bar.certain)
    return f"{bar.certain}, period not known: {bar.possible}"


def _inline(svg: str, title: str) -> str:
    """Return the SVG as it can stand inside a page: without prolog, metadata and page-wide style."""
    for part in (_PROLOG, _METADATA, _STYLE):
        svg = part.sub("", svg, count=1)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


@contextmanager
def _matplotlib() -> Iterator[tuple["Figure", Font]]:
    # matplotlib takes a second to import and leaves a list of this machine's fonts in the user's home. We draw with
    # the font it brings, the same everywhere, and send the list to a folder that goes away.
    with TemporaryDirectory() as folder, _environment("MPLCONFIGDIR", folder):
        import matplotlib as mpl  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
        from matplotlib.font_manager import FontProperties  # noqa: PLC0415

        file = str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))
        with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "liaison-hub", "hatch.linewidth": 0.7}):
            yield Figure(), lambda size: FontProperties(fname=file, size=size)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value if before is None else before
    yield
    if before is None:
        del os.environ[name]
