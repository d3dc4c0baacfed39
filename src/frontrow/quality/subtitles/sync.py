"""Whether subtitles belong to a film, and how early, late or fast they are: by words, by times, by length.

What cannot be known is not said: music, near-silence and too few cues are abstained on, and a translation is never
accused for its words, which the recogniser of one language cannot hold against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.subtitles import words as recognised
from frontrow.quality.subtitles.alignment import RATES, Fit, fit_times, fit_words, spoken_in
from frontrow.quality.subtitles.rules import SubtitleRules
from frontrow.quality.subtitles.track import Cue, Track, in_order, shown_spans
from frontrow.quality.subtitles.words import Words

_LEAST_WORDS: Final = 8
"""Recognised words, and words of the track, below which words decide nothing."""
_WORDS_AGREE: Final = 0.35
_WORDS_DIFFER: Final = 0.2
"""Shares of agreeing words that a right and a wrong track have: on the films at hand .55 and more, .11 and less."""
_PIECES: Final = 0.7
"""Words on one line, as a share of those that agree at all: below it the film was cut otherwise."""
_LEAST_SPEECH_S: Final = 20.0
_LEAST_CUES: Final = 12
_TIMES_AGREE: Final = 0.55
_TIMES_DIFFER: Final = 0.45
_TIMES_APART: Final = 0.15
"""By times: what the best offset needs, what no offset of a wrong track reaches, and how much the next best may not."""
_TIMES_COARSE_S: Final = 0.15
"""Offsets by times are this much less sure than by words."""
_PAST_END_S: Final = 2.0
_PAST_END_SHARE: Final = 0.1
"""Cues past the end of the film that make a track another cut's; one alone may be a credit."""
_FAR_PAST_END_S: Final = 30.0
"""A single cue this far past it is no credit of this film."""
_COVERED_LEAST: Final = 0.2
"""Share of the speech with a cue near it, below which a track is another film's or far from finished."""
_CUE_NEAR_S: Final = 1.0
_SPEECH: Final = 0.5
_LEAST_DRIFT_S: Final = 0.3

Ground = Literal["words", "times", "length", "cover", ""]


@dataclass(frozen=True)
class Judgement:
    """What can be said of a track and a film."""

    belongs: bool | None
    """None: not enough to tell by."""
    by: Ground
    why: str
    confidence: float
    fit: Fit | None = None
    """How cue times map to film times, where that is known."""


def judge(track: Track, measured: Measurements, language: str, words: Words | None = None) -> Judgement:
    """Hold a track against the speech of a film. `language`: of the track's text, ISO 639-1."""
    cues = in_order(track.cues)
    film_s = end_s(measured)
    by_words = _by_words(cues, words, language) if words and not track.forced else None
    past = _past_end(cues, film_s, by_words.fit if by_words and by_words.belongs else None)
    if past:
        if by_words and by_words.belongs:
            return Judgement(
                False, "length", f"{past}, though its words are the film's: another cut", 0.8, by_words.fit
            )
        return Judgement(False, "length", past, 0.8)
    if by_words and by_words.belongs is not None:
        return by_words
    speech = speech_of(measured)
    if speech is None:
        return Judgement(None, "", "nobody listened for speech", 0.0)
    spoken_s = _spoken_s(speech)
    if spoken_s < _LEAST_SPEECH_S or track.forced:
        return Judgement(None, "", f"{spoken_s:.1f} s of speech are too little to tell by", 0.0)
    share = _covered(cues, speech)
    if share < _COVERED_LEAST:
        what = f"{share:.0%} of {spoken_s:.0f} s of speech have a cue: another film's, or far from finished"
        return Judgement(False, "cover", what, 0.6)
    return _by_times([cue for cue in cues if cue.start_s <= film_s], speech)


def find(
    track: Track, rules: SubtitleRules, measured: Measurements, language: str, words: Words | None = None
) -> list[Finding]:
    """Wrong subtitles; else offset or drift, and speech without subtitles."""
    judgement = judge(track, measured, language, words)
    if judgement.belongs is False:
        severity: Literal["error", "warn"] = "error" if judgement.confidence > 0.7 else "warn"
        numbers = {"share": round(judgement.fit.share, 3)} if judgement.fit else {}
        last_s = max(track.end_s, 0.0)
        return [Finding("wrong_subtitles", severity, 0.0, last_s, judgement.confidence, judgement.why, numbers)]
    found = []
    cues = in_order(track.cues)
    if judgement.belongs and judgement.fit:
        found = moved(cues, judgement, rules)
        if found:
            fit = judgement.fit
            cues = [replace(c, start_s=c.start_s + fit.at(c.start_s), end_s=c.end_s + fit.at(c.end_s)) for c in cues]
    speech = speech_of(measured)
    if speech is not None and not track.forced:
        found += untranslated(cues, speech, rules)
    return found


def moved(cues: Sequence[Cue], judgement: Judgement, rules: SubtitleRules) -> list[Finding]:
    """Offset or drift of a track that belongs to its film."""
    fit = judgement.fit
    if fit is None or not cues:
        return []
    first_s, last_s = cues[0].start_s, cues[-1].end_s
    begin_s, end_s = max(0.0, first_s), max(0.0, last_s)
    runs_s = (fit.rate - 1) * (last_s - first_s)
    sure = min(0.98, 1 - 1 / (1 + fit.count)) if judgement.by == "words" else 0.7
    drifts = abs(fit.rate - 1) * 3600 > rules.drift_per_hour_s and abs(runs_s) > _LEAST_DRIFT_S
    if drifts and (judgement.by == "times" or not fit.rate_low <= 1 <= fit.rate_high):
        name = next((name for name, rate in RATES.items() if abs(rate - fit.rate) < 2e-4), "")
        mixed = f", as frame rates of {name.replace('/', ' and ')} mixed up" if name else ""
        what = f"cues {'fall behind' if runs_s < 0 else 'run ahead'}: {abs(runs_s):.2f} s over the track{mixed}"
        numbers = {"rate": round(fit.rate, 6), "offset_s": round(-fit.at(first_s), 3)}
        return [Finding("subtitle_drift", "error", begin_s, end_s, sure, what, numbers)]
    late_s = -fit.at((first_s + last_s) / 2)
    limit_s = rules.offset_s + (_TIMES_COARSE_S if judgement.by == "times" else 0.0)
    if abs(late_s) <= limit_s:
        return []
    what = f"cues come {abs(late_s):.2f} s too {'late' if late_s > 0 else 'early'}, by {fit.count} {_units(judgement)}"
    severity: Literal["error", "warn"] = "error" if abs(late_s) >= 1 else "warn"
    return [Finding("subtitle_offset", severity, begin_s, end_s, sure, what, {"offset_s": round(late_s, 3)})]


def untranslated(cues: Sequence[Cue], speech: Series, rules: SubtitleRules) -> list[Finding]:
    """Stretches without a cue in which people speak."""
    at_s, spoken = np.asarray(speech["at_s"]), np.asarray(speech["speech"]) > _SPEECH
    if not spoken.any():
        return []
    step_s = _step_s(speech)
    edges = [-np.inf, *(x for a, b in shown_spans(cues) for x in (a - _CUE_NEAR_S, b + _CUE_NEAR_S)), np.inf]
    found = []
    for begin_s, end_s in zip(edges[::2], edges[1::2], strict=True):
        inside = at_s[spoken & (at_s > begin_s) & (at_s < end_s)]
        without_s = len(inside) * step_s
        if without_s > rules.untranslated_s:
            what = f"{without_s:.1f} s of speech without a cue; at most {rules.untranslated_s:g} s are asked for"
            span = (float(inside[0]), float(inside[-1]) + step_s)
            found.append(Finding("untranslated", "warn", *span, 0.7, what, {"speech_s": round(without_s, 2)}))
    return found


def speech_of(measured: Measurements) -> Series | None:
    """The probability of speech of the first sound stream; None where nobody listened."""
    stream = min(measured.speech, default=None)
    series = None if stream is None else measured.speech[stream]
    return series if series is not None and len(series["at_s"]) else None


def end_s(measured: Measurements) -> float:
    """Where the film ends: its length by the header from its first frame on, or its last frame or sound."""
    video = measured.facts.of("video")
    ends = [float(x["at_s"][-1]) for x in (measured.picture, *measured.sound.values()) if x and len(x["at_s"])]
    if measured.facts.duration_s:
        return measured.facts.duration_s + (video[0].start_s if video else 0.0)
    return max(ends, default=0.0)


def _by_words(cues: Sequence[Cue], words: Words, language: str) -> Judgement | None:
    """None where words cannot tell: too few, doubted, or another language than the recogniser's."""
    if language != recognised.LANGUAGE or len(words.words) < max(_LEAST_WORDS, words.doubted):
        return None
    if len(spoken_in(cues)) < _LEAST_WORDS:
        return None
    fit = fit_words(cues, words.words)
    if fit is None:
        return None
    share = max(fit.share, fit.written_share)
    whole = f"{fit.count} of {fit.possible} recognised words stand in it in time"
    if share >= _WORDS_AGREE and fit.share >= _PIECES * fit.elsewhere:
        return Judgement(True, "words", whole, min(0.98, 0.5 + share), fit)
    if fit.elsewhere >= _WORDS_AGREE:
        why = f"its words are the film's, but at no one offset ({whole}): another cut"
        return Judgement(False, "words", why, 0.75, fit)
    if share < _WORDS_DIFFER:
        return Judgement(False, "words", f"{whole}: another film's", 0.95, fit)
    return Judgement(None, "words", whole, 0.0, fit)


def _by_times(cues: Sequence[Cue], speech: Series) -> Judgement:
    fit = fit_times(cues, speech["at_s"], speech["speech"])
    if fit is None or fit.possible < _LEAST_CUES:
        return Judgement(None, "", "too few cues to tell by their times", 0.0, fit)
    what = f"{fit.share:.0%} of its cues begin where speech begins"
    if fit.share >= _TIMES_AGREE and fit.share - fit.elsewhere >= _TIMES_APART:
        return Judgement(True, "times", what, 0.7, fit)
    if fit.share < _TIMES_DIFFER:
        return Judgement(False, "times", f"{what} at the best offset: another film's, or not timed to speech", 0.6, fit)
    return Judgement(None, "times", what, 0.0, fit)


def _past_end(cues: Sequence[Cue], film_s: float, fit: Fit | None) -> str:
    """What is wrong where too many cues begin after the end of the film, once moved to where they belong; else ''."""
    if not film_s:
        return ""
    late_s = [cue.start_s + (fit.at(cue.start_s) if fit else 0.0) - film_s for cue in cues]
    past = sum(x > _PAST_END_S for x in late_s)
    if past < max(2, _PAST_END_SHARE * len(cues)) and max(late_s, default=0.0) <= _FAR_PAST_END_S:
        return ""
    return (
        f"{past} of {len(cues)} cues begin after the film has ended at {film_s:.1f} s, up to {max(late_s):.0f} s after"
    )


def _covered(cues: Sequence[Cue], speech: Series) -> float:
    """Share of the speech that has a cue near it."""
    at_s = np.asarray(speech["at_s"])[np.asarray(speech["speech"]) > _SPEECH]
    inside = np.zeros(len(at_s), bool)
    for begin_s, end_s in shown_spans(cues):
        first, last = np.searchsorted(at_s, (begin_s - _CUE_NEAR_S, end_s + _CUE_NEAR_S))
        inside[first:last] = True
    return float(inside.mean()) if len(at_s) else 1.0


def _spoken_s(speech: Series) -> float:
    return float((np.asarray(speech["speech"]) > _SPEECH).sum()) * _step_s(speech)


def _step_s(speech: Series) -> float:
    at_s = np.asarray(speech["at_s"])
    return float(np.median(np.diff(at_s))) if len(at_s) > 1 else 0.032


def _units(judgement: Judgement) -> str:
    return "recognised words" if judgement.by == "words" else "beginnings of speech"
