"""How cues lie against recognised words and against the beginnings of speech: offset, rate, and how much agrees.

By words: each pair of a cue's word and a recognised one that begin alike proposes an offset; those of one true line
pile up (a Hough transform), chance ones do not. Theil and Sen's median of slopes gives the rate, blind to outliers.
By times: the share of cues that begin where speech begins, over all offsets: a true one stands out of the rest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.subtitles.track import Cue
from frontrow.quality.subtitles.words import Word

Floats = NDArray[np.float64]

RATES: Final = {
    "25/24": 25 / 24, "24/25": 24 / 25, "25/23.976": 25.025 / 24, "23.976/25": 24 / 25.025, "24/23.976": 1.001,
    "23.976/24": 1 / 1.001,
}  # fmt: skip
"""Film seconds for each second of the track, by the frame rates that were mixed up: a track made at 24 frames a second
for a film shown at 25 has to run 24/25 as long."""
_ALIKE: Final = 5
"""Letters at the beginning that make two words one: endings and small mishearings do not matter."""
_LONG: Final = 4
_SHORT_WEIGHT: Final = 0.3
"""What a word of less than four letters counts: "the" fits everywhere."""
_REACH_S: Final = 60.0
_BIN_S: Final = 0.05
_PILE_S: Final = 0.6
"""Half width of the triangle that offsets are piled up with: words are placed in their cue by letters alone."""
_INLIER_S: Final = 1.0
_MOST_ALIKE: Final = 3_000
"""Pairs of one word: words that are everywhere tell nothing."""
_OTHER_RATE_GAIN: Final = 1.08
"""How much more must agree with another rate than with 1 for it to be believed."""
_ROUNDS: Final = 8
_MOST_SLOPE_POINTS: Final = 600
_ONSET_PAUSE_S: Final = 0.2
_ONSET_NEAR_S: Final = 0.6
"""Distance from a beginning of speech at which a cue's beginning counts nothing; on it, it counts 1."""
_TIME_REACH_S: Final = 10.0
_APART_S: Final = 1.0
_SPEECH: Final = 0.5


@dataclass(frozen=True)
class Spoken:
    """A word with a moment: of a cue or recognised."""

    at_s: float
    key: str
    weight: float


@dataclass(frozen=True)
class Fit:
    """film time = offset_s + rate * cue time."""

    offset_s: float
    rate: float
    share: float
    """Of what could agree, how much does, 0-1."""
    scatter_s: float
    """Median distance of what agrees from the line."""
    count: int
    """Words, or cues, that agree."""
    possible: int
    """Words, or cues, that could."""
    rate_low: float = 1.0
    rate_high: float = 1.0
    """95% interval of the rate."""
    elsewhere: float = 0.0
    """By times: the best share at another offset. By words: the share of words that the track has too, in runs of
    three, whenever they are said."""
    written_share: float = 0.0
    """By words: of the track's words from the first recognised one to the last, how many agree, 0-1."""

    def at(self, cue_s: float) -> float:
        """How much later (+) than its cue the sound is, seconds."""
        return self.offset_s + (self.rate - 1) * cue_s


def spoken_in(cues: Sequence[Cue]) -> list[Spoken]:
    """The words of cues, each at its share of the cue's letters."""
    found = []
    for cue in cues:
        text = cue.text
        place = 0
        for word in text.split():
            place = text.index(word, place)
            if key := _key(word):
                found.append(Spoken(cue.start_s + cue.duration_s * place / len(text), key, _weight(key)))
            place += len(word)
    return found


def said(words: Sequence[Word]) -> list[Spoken]:
    """Recognised words."""
    return [Spoken(word.start_s, key, _weight(key)) for word in words if (key := _key(word.text))]


def fit_words(cues: Sequence[Cue], words: Sequence[Word]) -> Fit | None:
    """The line on which most recognised words meet a cue's; None where there are no words."""
    written, heard = spoken_in(cues), said(words)
    if not written or not heard:
        return None
    cue_s, film_s, weight, which_cue, which_heard = _pairs(written, heard)
    total = sum(x.weight for x in heard)
    if not len(cue_s):
        return Fit(0.0, 1.0, 0.0, 0.0, 0, len(heard))
    piles = {rate: _pile(film_s - rate * cue_s, weight) for rate in (1.0, *RATES.values())}
    rate = max(piles, key=lambda x: piles[x][1] * (_OTHER_RATE_GAIN if x == 1.0 else 1.0))
    offset = piles[rate][0]
    slope, low, high = rate, 0.0, np.inf
    for _ in range(_ROUNDS):  # a drift of no known rate agrees with the first line for a while only: the line turns
        residual = film_s - rate * cue_s - offset
        near = np.abs(residual) <= _INLIER_S
        offset += _weighted_median(residual[near], weight[near]) if near.any() else 0.0
        chosen = _one_to_one(film_s - rate * cue_s - offset, which_cue, which_heard)
        x, y = cue_s[chosen], film_s[chosen]
        slope, low, high = _slope(x, y, rate)
        if low <= rate <= high:
            break
        rate, offset = slope, float(np.median(y - slope * x))
    if rate != 1.0:  # 24 and 23.976 for 25 differ by a thousandth: the likelier one where both fit
        rate = next((known for known in RATES.values() if low <= known <= high), rate)
    offset = float(np.median(y - rate * x)) if len(x) else offset
    agreed = sum(heard[k].weight for k in which_heard[chosen])
    scatter = float(np.median(np.abs(y - rate * x - offset))) if len(x) else 0.0
    return Fit(
        offset, rate, agreed / total, scatter, len(chosen), len(heard), low, high, _in_order(written, heard),
        _written_share(written, heard, which_cue[chosen], offset, rate),
    )  # fmt: skip


def fit_times(cues: Sequence[Cue], at_s: NDArray[Any], speech: NDArray[Any]) -> Fit | None:
    """The offset at which most cues begin where speech begins; None without either."""
    onsets = speech_onsets(at_s, speech)
    starts = np.array(sorted({cue.start_s for cue in cues if cue.lines}))
    if not len(onsets) or not len(starts):
        return None
    lags = np.arange(-_TIME_REACH_S, _TIME_REACH_S + 1e-9, _BIN_S)
    best: tuple[float, float, float, float] = (-1.0, 0.0, 1.0, 0.0)
    for rate in (1.0, *RATES.values()):
        shares = np.array([_near(rate * starts + lag, onsets).mean() for lag in lags])
        k = int(shares.argmax())
        apart = np.abs(lags - lags[k]) > _APART_S
        gain = _OTHER_RATE_GAIN if rate == 1.0 else 1.0
        if shares[k] * gain > best[0]:
            best = (float(shares[k]) * gain, float(lags[k]), rate, float(shares[apart].max()))
    _, offset, rate, elsewhere = best
    agree = _near(rate * starts + offset, onsets)
    count = int((agree > 0).sum())
    return Fit(offset, rate, float(agree.mean()), 0.0, count, len(starts), rate, rate, elsewhere)


def speech_onsets(at_s: NDArray[Any], speech: NDArray[Any]) -> Floats:
    """Moments at which speech begins after a pause."""
    spoken_s = np.asarray(at_s, np.float64)[np.asarray(speech) > _SPEECH]
    if not len(spoken_s):
        return spoken_s
    step_s = float(np.median(np.diff(at_s))) if len(at_s) > 1 else 0.032
    first: Floats = spoken_s[np.diff(spoken_s, prepend=-np.inf) > _ONSET_PAUSE_S + step_s]
    return first


def _key(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(x for x in plain if x.isalnum())[:_ALIKE]


def _weight(key: str) -> float:
    return 1.0 if len(key) >= _LONG else _SHORT_WEIGHT


def _pairs(written: list[Spoken], heard: list[Spoken]) -> tuple[Floats, Floats, Floats, NDArray[Any], NDArray[Any]]:
    """All pairs of like words within reach: times in track and film, weight, and which words they are."""
    places: dict[str, list[int]] = {}
    for k, word in enumerate(heard):
        places.setdefault(word.key, []).append(k)
    counts: dict[str, int] = {}
    for word in written:
        counts[word.key] = counts.get(word.key, 0) + 1
    rows: list[tuple[float, float, float, int, int]] = []
    for i, word in enumerate(written):
        there = places.get(word.key, ())
        if len(there) * counts[word.key] > _MOST_ALIKE:
            continue
        weight = word.weight / max(1, len(there)) ** 0.5
        reach_s = _REACH_S + 0.05 * abs(word.at_s)
        rows += [(word.at_s, heard[k].at_s, weight, i, k) for k in there if abs(heard[k].at_s - word.at_s) <= reach_s]
    table = np.array(rows, np.float64).reshape(-1, 5)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3].astype(int), table[:, 4].astype(int)


def _pile(offsets: Floats, weight: Floats) -> tuple[float, float]:
    """(offset with most weight around it, that weight)."""
    low = float(offsets.min()) - 2 * _PILE_S
    count = int((float(offsets.max()) - low) / _BIN_S) + int(4 * _PILE_S / _BIN_S)
    piled = np.bincount(((offsets - low) / _BIN_S).astype(int), weights=weight, minlength=count)
    half = int(_PILE_S / _BIN_S)
    around = np.convolve(piled, 1 - np.abs(np.arange(-half, half + 1)) / (half + 1), mode="same")
    k = int(around.argmax())
    return low + (k + 0.5) * _BIN_S, float(around[k])


def _weighted_median(values: Floats, weight: Floats) -> float:
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _one_to_one(residual: Floats, which_cue: NDArray[Any], which_heard: NDArray[Any]) -> NDArray[Any]:
    """Pairs near the line, each word in one at most, nearest first."""
    used_cue: set[int] = set()
    used_heard: set[int] = set()
    chosen = []
    for k in np.argsort(np.abs(residual)):
        if abs(residual[k]) > _INLIER_S:
            break
        i, j = int(which_cue[k]), int(which_heard[k])
        if i not in used_cue and j not in used_heard:
            used_cue.add(i)
            used_heard.add(j)
            chosen.append(int(k))
    return np.array(sorted(chosen), int)


def _slope(x: Floats, y: Floats, rate: float) -> tuple[float, float, float]:
    """Slope with its 95% interval; `rate`, with nothing known about it, where there are too few points."""
    if len(x) < 8 or np.ptp(x) < 2.0:
        return rate, 0.0, np.inf
    from scipy.stats import theilslopes

    step = -(-len(x) // _MOST_SLOPE_POINTS)
    slope, _, low, high = theilslopes(y[::step], x[::step])
    return float(slope), float(low), float(high)


def _in_order(written: list[Spoken], heard: list[Spoken]) -> float:
    """Share of recognised words that lie in runs of three that the track has too, whenever they are said."""
    runs = {(a.key, b.key, c.key) for a, b, c in zip(written, written[1:], written[2:], strict=False)}
    inside = np.zeros(len(heard), bool)
    for k in range(len(heard) - 2):
        if (heard[k].key, heard[k + 1].key, heard[k + 2].key) in runs:
            inside[k : k + 3] = True
    weight = np.array([x.weight for x in heard])
    return float(weight[inside].sum() / weight.sum())


def _written_share(
    written: list[Spoken], heard: list[Spoken], agreed: NDArray[Any], offset: float, rate: float
) -> float:
    """Share of the track's words that agree, of those from the first recognised word to the last."""
    first, last = heard[0].at_s - _INLIER_S, heard[-1].at_s + _INLIER_S
    possible = sum(x.weight for x in written if first <= offset + rate * x.at_s <= last)
    return sum(written[i].weight for i in agreed) / possible if possible else 0.0


def _near(moments: Floats, onsets: Floats) -> Floats:
    place = np.clip(np.searchsorted(onsets, moments), 1, max(1, len(onsets) - 1))
    before, after = onsets[place - 1], onsets[np.minimum(place, len(onsets) - 1)]
    distance = np.minimum(np.abs(moments - before), np.abs(after - moments))
    near: Floats = np.clip(1 - distance / _ONSET_NEAR_S, 0.0, 1.0)
    return near
