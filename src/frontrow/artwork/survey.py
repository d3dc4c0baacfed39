"""The first pass over a film: every frame decoded once, in a child, and only its signals kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.signals import CHROMA, LUMA, Growing, Meter, Signals
from frontrow.media import guard
from frontrow.media.container import resolve

if TYPE_CHECKING:
    from frontrow.media.child import Context

BATCH: Final = 240
"""Frames worked on at once: 1 MB, some ten seconds of film."""
DETAIL_EVERY: Final = 3
"""Sharpness is looked at on every third frame: a picture that is still now is still an eighth of a second later."""
_DETAIL_ROWS: Final = 60
_SECONDS_A_SECOND: Final = 0.5
"""Time limit of a pass, seconds a second of film (it takes a tenth of that here)."""
_LEAST_TIME_S: Final = 60.0
_WARM_UP_S: Final = 1.0
"""A resumed pass decodes this much again, so that the first change has a frame before it."""

_MOST_MISSING: Final = 0.02
"""Share of the stated length, and two seconds more, that may lack a picture: sound often ends later."""

Part = dict[str, NDArray[Any]]
"""Signals of some frames, by name."""


@dataclass(frozen=True)
class Survey:
    """What the first pass found."""

    signals: Signals
    duration_s: float
    width: int
    height: int
    bars: tuple[float, float, float, float]  # shares of black at top, bottom, left, right
    faults: list[str]  # what was damaged; empty for a sound film


def survey(
    path: Path,
    *,
    detail: bool,
    keyframes: bool = False,
    duration_s: float = 0.0,
    done: Iterable[Part] = (),
    progress: guard.Progress | None = None,
    keep: Callable[[Part], None] | None = None,
) -> Survey:
    """Look at every frame of the film at `path`, or at every keyframe. `detail` also measures sharpness.

    `keep` gets each finished part; parts given back as `done` are not computed again. A damaged film gives what could
    be decoded, with `faults`; raises UnreadableMedia when that is nothing.
    """
    real = resolve(path)
    grown, since_s = Growing(), None
    for part in done:
        grown.add(part)
        since_s = float(part["at_s"][-1])

    def take(part: Part) -> None:
        grown.add(part)
        if keep:
            keep(part)

    limits = guard.Limits(time_s=max(_LEAST_TIME_S, _SECONDS_A_SECOND * duration_s))
    arguments = {"path": str(real), "detail": detail, "since_s": since_s, "keyframes": keyframes}
    facts = guard.run("frontrow.artwork.survey:watch", arguments, limits, progress=progress, part=take)
    return Survey(
        signals=grown.signals(),
        duration_s=facts["duration_s"],
        width=facts["width"],
        height=facts["height"],
        bars=tuple(facts["bars"]),
        faults=facts["faults"],
    )


def watch(context: Context, path: str, detail: bool, since_s: float | None, keyframes: bool) -> dict[str, Any]:
    """In the child: send the signals batch by batch, return the facts of the film."""
    from frontrow.media.decode import Film
    from frontrow.media.planes import planar, sample

    luma = np.empty((BATCH, *LUMA), np.uint8)
    u, v = np.empty((BATCH, *CHROMA), np.uint8), np.empty((BATCH, *CHROMA), np.uint8)
    at_s, fine = np.empty(BATCH), np.empty(BATCH, np.float32)
    meter, bars, filled, seen = Meter(), _Bars(), 0, 0

    def send() -> None:
        measured = meter.measure(luma[:filled], u[:filled], v[:filled])
        bars.look(luma[:filled])
        new = np.ones(filled, bool) if since_s is None else at_s[:filled] > since_s + 1e-6
        if new.any():
            part = measured | {"at_s": at_s[:filled], "detail": fine[:filled]}
            context.part({name: values[new] for name, values in part.items()})

    with Film(Path(path), context, draft=True, keyframes=keyframes) as film:
        if since_s is not None:
            film.seek(since_s - _WARM_UP_S)
        for time_s, decoded in film.frames():
            frame = planar(decoded)
            sample(frame, 0, *LUMA, luma[filled])
            sample(frame, 1, *CHROMA, u[filled])
            sample(frame, 2, *CHROMA, v[filled])
            at_s[filled] = time_s
            fine[filled] = _detail(frame) if detail and (keyframes or seen % DETAIL_EVERY == 0) else np.nan
            filled, seen = filled + 1, seen + 1
            if filled == BATCH:
                send()
                filled = 0
                context.progress(time_s, film.duration_s)
        if filled:
            send()
        if not keyframes and not film.damage.stopped and film.duration_s - time_s > _MOST_MISSING * film.duration_s + 2:
            film.damage.stopped = (
                f"the picture ends at {time_s:.1f} s of {film.duration_s:.1f} s; the file may be cut off"
            )
        coded = film.stream.codec_context
        return {
            "duration_s": film.duration_s or time_s,
            "width": coded.width,
            "height": coded.height,
            "bars": bars.shares(),
            "faults": film.damage.tell(),
        }


def _detail(frame: Any) -> float:
    """Mean absolute second difference along some full rows, in 8-bit codes."""
    from frontrow.media.planes import plane

    codes = plane(frame, 0)
    rows = codes[:: max(1, len(codes) // _DETAIL_ROWS)].astype(np.int16)
    depth = frame.format.components[0].bits
    second = np.abs(2 * rows[:, 1:-1] - rows[:, :-2] - rows[:, 2:])
    return float(second.mean()) / float(1 << (depth - 8))


class _Bars:
    """Rows and columns that stay black through the whole film: letterbox and pillarbox."""

    _BLACK: Final = 26

    def __init__(self) -> None:
        self._rows = np.zeros(LUMA[0], np.uint8)
        self._columns = np.zeros(LUMA[1], np.uint8)

    def look(self, luma: NDArray[np.uint8]) -> None:
        self._rows = np.maximum(self._rows, luma.max(axis=(0, 2)))
        self._columns = np.maximum(self._columns, luma.max(axis=(0, 1)))

    def shares(self) -> list[float]:
        """Shares of the picture at top, bottom, left and right; none where the whole film is black."""
        found = []
        for lit in (self._rows > self._BLACK, self._columns > self._BLACK):
            places = np.flatnonzero(lit)
            if not len(places):
                return [0.0] * 4
            found += [float(places[0] / len(lit)), float((len(lit) - 1 - places[-1]) / len(lit))]
        return found
