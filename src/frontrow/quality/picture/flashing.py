"""Photosensitive flashing: flashes of luminance or of saturated red, too large and too often.

ITU-R BT.1702 (and Ofcom's and WCAG's rules made after it): a flash is a pair of opposing changes of luminance of at
least 20 cd/m2, the darker state below 160 cd/m2; or a pair of changes to and from saturated red. It may harm where a
quarter of the picture flashes together, more than three times within a second. Two to three flashes a second that go
on for four of five seconds fail as well, as in the IRIS analyser of Electronic Arts. Luminance is the relative
luminance of WCAG on a screen whose white has 200 cd/m2, on which both documents state the same limits.

Each cell of a grid of 72 x 128 follows its own turns; a frame is told by the share of cells that turn in it. Where
as much rises as falls the picture moves rather than flashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.picture.frame import Frame
from frontrow.quality.picture.rules import PictureRules

Bytes = NDArray[Any]
Shares = NDArray[Any]

WHITE_CD_M2: Final = 200.0
_STEP: Final = 20.0 / WHITE_CD_M2
_DARK: Final = 160.0 / WHITE_CD_M2
_RED_STEP: Final = 20.0 / 320.0
SECOND_S: Final = 0.995
"""Turns this close lie within one second: three flashes a second, told to the millisecond, turn at 0 and at 1 s."""
_HD_ROWS: Final = 720  # from here on colours are BT.709, below BT.601
_LEVELS: Final = 1024


def _linear() -> NDArray[np.float32]:
    """Linear light of `_LEVELS` equal steps of an sRGB component."""
    code = np.linspace(0.0, 1.0, _LEVELS)
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _light(y: Any, u: Any, v: Any, full: bool, hd: bool, linear: Any, luminance: Any, red: Any) -> tuple[float, float]:
    """Fill in relative luminance and redness, 0 where red is not saturated, of each cell; returns their means.

    Red is saturated from R / (R + G + B) = 0.8 on; its strength is R - G - B (Harding and Binnie, 2002).
    """
    kr, kb = (0.2126, 0.0722) if hd else (0.299, 0.114)
    kg = 1.0 - kr - kb
    top = linear.size - 1
    black, scale, chroma = (0.0, 1 / 255.0, 1 / 255.0) if full else (16.0, 1 / 219.0, 1 / 224.0)
    rows, columns = y.shape
    all_light, all_red = 0.0, 0.0
    for row in range(rows):
        for column in range(columns):
            grey = (y[row, column] - black) * scale
            blue_off = (u[row // 2, column // 2] - 128.0) * chroma
            red_off = (v[row // 2, column // 2] - 128.0) * chroma
            r = grey + 2 * (1 - kr) * red_off
            b = grey + 2 * (1 - kb) * blue_off
            g = (grey - kr * r - kb * b) / kg
            r = linear[int(min(max(r, 0.0), 1.0) * top + 0.5)]
            g = linear[int(min(max(g, 0.0), 1.0) * top + 0.5)]
            b = linear[int(min(max(b, 0.0), 1.0) * top + 0.5)]
            light = 0.2126 * r + 0.7152 * g + 0.0722 * b
            reddish = r - g - b if r > 0 and r >= 0.8 * (r + g + b) else 0.0
            luminance[row, column] = light
            red[row, column] = reddish
            all_light += light
            all_red += reddish
    return all_light / (rows * columns), all_red / (rows * columns)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _turn(now: Any, low: Any, high: Any, side: Any, turned: Any, step: float, dark: float) -> None:
    """Follow each cell: `turned` becomes +1 or -1 where it has now risen or fallen by `step` from its last turn.

    `low` and `high` are its extremes since then, `side` the direction of that turn.
    """
    rows, columns = now.shape
    for row in range(rows):
        for column in range(columns):
            value = now[row, column]
            low[row, column] = min(low[row, column], value)
            high[row, column] = max(high[row, column], value)
            way = 0
            if side[row, column] <= 0 and value - low[row, column] >= step and low[row, column] < dark:
                way = 1
            elif side[row, column] >= 0 and high[row, column] - value >= step and value < dark:
                way = -1
            turned[row, column] = way
            if way != 0:
                side[row, column] = way
                low[row, column] = value
                high[row, column] = value


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _areas(turned: Any, now: Any, before: Any) -> tuple[float, float]:
    """Shares of the picture that rose and fell; a cell at the border counts by how much of it changed."""
    rows, columns = turned.shape
    up, down = 0.0, 0.0
    for row in range(rows):
        for column in range(columns):
            way = turned[row, column]
            if way == 0:
                continue
            change = abs(float(now[row, column]) - float(before[row, column]))
            inside, most = True, change
            for other_row in range(max(row - 1, 0), min(row + 2, rows)):
                for other_column in range(max(column - 1, 0), min(column + 2, columns)):
                    inside = inside and turned[other_row, other_column] == way
                    other = abs(float(now[other_row, other_column]) - float(before[other_row, other_column]))
                    most = max(most, other)
            share = 1.0 if inside or most == 0 else change / most
            if way > 0:
                up += share
            else:
                down += share
    return up / (rows * columns), down / (rows * columns)


class _Turns:
    """The turns of every cell in one quantity."""

    def __init__(self, step: float, dark: float, now: NDArray[np.float32]):
        self._step, self._dark = step, dark
        self._low, self._high = now.copy(), now.copy()
        self._side, self._turned = np.zeros(now.shape, np.int8), np.zeros(now.shape, np.int8)

    def look(self, now: NDArray[np.float32], fine: Bytes, before: Bytes) -> tuple[float, float]:
        """Shares of the picture that end a rise and that end a fall.

        `fine` and `before` are what cells at the border of a flash are weighed by.
        """
        _turn(now, self._low, self._high, self._side, self._turned, self._step, self._dark)
        shares: tuple[float, float] = _areas(self._turned, fine, before)
        return shares


class FlashMeter:
    """Relative luminance and redness of each frame, and the shares of the picture that rise and fall in them."""

    names: tuple[str, ...] = ("luminance", "redness", "flash_up", "flash_down", "red_up", "red_down")

    def __init__(self) -> None:
        self._linear = _linear()
        self._last: tuple[Bytes, NDArray[np.float32]] | None = None

    def look(self, frame: Frame) -> Sequence[float]:
        """The cells are those of the frame's small planes."""
        light, red = np.empty(frame.small_y.shape, np.float32), np.empty(frame.small_y.shape, np.float32)
        hd = frame.y.shape[0] >= _HD_ROWS
        means = _light(frame.small_y, frame.small_u, frame.small_v, frame.full_range, hd, self._linear, light, red)
        if self._last is None:
            self._of_light, self._of_red = _Turns(_STEP, _DARK, light), _Turns(_RED_STEP, np.inf, red)
            self._last = frame.small_y.copy(), red
        last_y, last_red = self._last
        self._last = frame.small_y.copy(), red
        return (
            *means,
            *self._of_light.look(light, frame.small_y, last_y),
            *self._of_red.look(red, red, last_red),
        )


def turns(up: Shares, down: Shares, at_s: NDArray[np.float64], rules: PictureRules) -> NDArray[np.bool_]:
    """The frames in which a large enough share of the picture turns, rises and falls in alternation.

    Cells that turn a frame or two apart (a short fade) turn together. Where about as much rises as falls, the
    picture moves rather than flashes.
    """
    found = np.zeros(at_s.size, np.bool_)
    side, begin = 0, 0
    for place in range(at_s.size):
        while at_s[place] - at_s[begin] > rules.flash_together_s:
            begin += 1
        rise, fall = float(up[begin : place + 1].sum()), float(down[begin : place + 1].sum())
        way = 1 if rise > fall else -1
        more, less = max(rise, fall), min(rise, fall)
        if way != side and more >= rules.flash_area and less <= rules.flash_balance * more:
            found[place], side, begin = True, way, place + 1
    return found


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Flashes of luminance and of red over the limit."""
    if measured.picture is None:
        return []
    found: list[Finding] = []
    for name, word in (("flash", "luminance"), ("red", "saturated red")):
        series = measured.picture
        at_s = np.asarray(series["at_s"], np.float64)
        turned = turns(series[f"{name}_up"], series[f"{name}_down"], at_s, rules)
        begins = np.searchsorted(at_s, at_s - SECOND_S, side="left")
        total = np.concatenate([[0], np.cumsum(turned)])
        count = total[1:] - total[begins]
        often = count > 2 * rules.flashes_most
        for first, last in _spans(often, at_s):
            start_s = float(at_s[begins[first] + np.argmax(turned[begins[first] :])])
            rate = int(count[first : last + 1].max()) / 2
            found.append(
                Finding(
                    "flashing", "error", start_s, float(at_s[last]), 0.95,
                    f"{rate:g} flashes of {word} within a second over a quarter of the picture; "
                    f"the limit is {rules.flashes_most}",
                    {"flashes_per_s": rate},
                )
            )  # fmt: skip
        found += _lasting(at_s, count, often, word, rules)
    return found


def _lasting(
    at_s: NDArray[np.float64], count: NDArray[np.int64], often: NDArray[np.bool_], word: str, rules: PictureRules
) -> list[Finding]:
    """Flashing within the limit that goes on for too long."""
    step_s = np.diff(at_s, append=at_s[-1:])
    busy = (count >= 2 * rules.flashes_lasting) & ~often
    total_s = np.concatenate([[0.0], np.cumsum(busy * step_s)])
    begins = np.searchsorted(at_s, at_s - rules.flash_window_s, side="left")
    too_long = busy & (total_s[:-1] - total_s[begins] >= rules.flash_lasting_s)
    return [
        Finding(
            "flashing", "error", max(float(at_s[first]) - rules.flash_window_s, 0.0), float(at_s[last]), 0.9,
            f"{rules.flashes_lasting} to {rules.flashes_most} flashes of {word} a second for more than "
            f"{rules.flash_lasting_s:g} of {rules.flash_window_s:g} s",
            {"flashes_per_s": float(count[first : last + 1].max()) / 2},
        )
        for first, last in _spans(too_long, at_s)
    ]  # fmt: skip


def _spans(flags: NDArray[np.bool_], at_s: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """First and last place of each run of true; runs less than a second apart are one."""
    places = np.flatnonzero(flags)
    if places.size:
        breaks = np.flatnonzero(np.diff(at_s[places]) > 1.0) + 1
        for run in np.split(places, breaks):
            yield int(run[0]), int(run[-1])
