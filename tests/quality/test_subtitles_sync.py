"""Subtitles against their film: tiny films whose words and speech are known to the millisecond."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import FileFacts, Measurements, StreamFacts
from frontrow.quality.subtitles import sync
from frontrow.quality.subtitles import words as recogniser
from frontrow.quality.subtitles.alignment import RATES, fit_words
from frontrow.quality.subtitles.detectors import find
from frontrow.quality.subtitles.rules import SubtitleRules
from frontrow.quality.subtitles.track import Cue, Track
from frontrow.quality.subtitles.words import Word, Words, choose_windows, hear, recognise

RULES = SubtitleRules()
VOCABULARY = (
    "morning", "evening", "captain", "harbour", "window", "letter", "nobody", "always", "thought", "remember",
    "water", "silver", "answer", "question", "father", "mother", "little", "river", "mountain", "yesterday",
    "tomorrow", "trouble", "honest", "market", "garden", "winter", "summer", "window", "doctor", "simple", "promise",
    "follow", "listen", "because", "another", "shadow", "finger", "kitchen", "money", "travel", "village", "castle",
    "hunter", "dragon",
)  # fmt: skip


def talk(seed: int, seconds: float, *, pause: float = 1.2) -> tuple[list[Cue], list[Word]]:
    """A film's true cues and its spoken words: sentences of four to eight words, pauses of different lengths."""
    rng = random.Random(seed)
    cues, words, at_s = [], [], 1.0
    while at_s < seconds - 4:
        said = [rng.choice(VOCABULARY) for _ in range(rng.randint(4, 8))]
        begin_s = at_s
        for word in said:
            words.append(Word(at_s, at_s + 0.25, word, 0.9))
            at_s += 0.05 * len(word) + 0.05
        cues.append(Cue(begin_s, at_s, (" ".join(said),)))
        at_s += pause * rng.uniform(0.4, 2.5)
    return cues, words


def film(words: list[Word], seconds: float) -> Measurements:
    at_s = np.arange(0, seconds, 0.032)
    speech = np.zeros(len(at_s), np.float32)
    for word in words:
        speech[(at_s >= word.start_s) & (at_s < word.end_s + 0.1)] = 0.95
    sound = StreamFacts(0, "audio", "aac", seconds, 0.0, "")
    return Measurements(FileFacts("mov", seconds, 1, (sound,)), None, speech={0: {"at_s": at_s, "speech": speech}})


def heard(words: list[Word], *, seed: int = 0, missed: float = 0.2) -> Words:
    """What a recogniser makes of it: a fifth missed or wrong, times off by some hundredths of a second."""
    rng = random.Random(seed)
    kept = [
        replace(
            word, start_s=word.start_s + rng.gauss(0, 0.06), text="hmm" if rng.random() < missed else word.text.title()
        )
        for word in words
    ]
    return Words(tuple(kept), 0, ((0.0, words[-1].end_s),))


def track(cues: list[Cue], offset_s: float = 0.0, rate: float = 1.0, **more: object) -> Track:
    moved = [replace(c, start_s=c.start_s * rate + offset_s, end_s=c.end_s * rate + offset_s) for c in cues]
    return replace(Track(tuple(moved), "srt", "utf-8"), **more)  # type: ignore[arg-type]


def found(own: Track, of: Measurements, words: Words | None = None, language: str = "en") -> list[Finding]:
    return sync.find(own, RULES, of, language, words)


CUES, SPOKEN = talk(1, 180)
FILM = film(SPOKEN, 180)
HEARD = heard(SPOKEN)


def test_subtitles_that_belong_give_no_finding_by_words_or_by_times():
    assert found(track(CUES), FILM, HEARD) == []
    assert found(track(CUES), FILM) == []
    assert sync.judge(track(CUES), FILM, "en", HEARD).by == "words"
    assert sync.judge(track(CUES), FILM, "en").by == "times"


@pytest.mark.parametrize("offset_s", [0.5, 1.0, 3.0, 8.0, -0.5, -2.0, -8.0])
@pytest.mark.parametrize("words", [HEARD, None])
def test_offsets_are_recovered_to_a_tenth_of_a_second_or_so(offset_s: float, words: Words | None):
    (finding,) = found(track(CUES, offset_s), FILM, words)
    assert finding.code == "subtitle_offset"
    assert finding.measured["offset_s"] == pytest.approx(offset_s, abs=0.15)


def test_an_offset_below_the_limit_is_none():
    assert found(track(CUES, 0.25), FILM, HEARD) == []


@pytest.mark.parametrize("name", ["25/24", "24/25"])
@pytest.mark.parametrize("words", [HEARD, None])
def test_a_mix_of_frame_rates_is_named_as_drift(name: str, words: Words | None):
    (finding,) = found(track(CUES, rate=1 / RATES[name]), FILM, words)
    assert finding.code == "subtitle_drift"
    assert "frame rates of" in finding.detail
    assert finding.measured["rate"] == pytest.approx(RATES[name], abs=0.0015)


def test_a_slow_drift_of_two_hours_is_told_by_its_own_rate():
    cues, spoken = talk(2, 7200, pause=12)
    (finding,) = found(track(cues, rate=1.001), film(spoken, 7200), heard(spoken))
    assert finding.code == "subtitle_drift"
    assert "24 and 23.976" in finding.detail or "23.976 and 24" in finding.detail
    (finding,) = found(track(cues, rate=1.004), film(spoken, 7200), heard(spoken))
    assert finding.measured["rate"] == pytest.approx(1 / 1.004, abs=1e-4)


def test_another_films_subtitles_are_told_by_words_and_by_times():
    other = track(talk(9, 180)[0])
    (finding,) = found(other, FILM, HEARD)
    assert (finding.code, finding.severity) == ("wrong_subtitles", "error")
    (finding,) = found(other, FILM)
    assert (finding.code, finding.severity) == ("wrong_subtitles", "warn")


def test_a_translation_is_held_against_the_speech_by_its_times_and_never_by_its_words():
    german = [replace(c, lines=("Das sagt er ihr auf Deutsch so",)) for c in CUES]
    assert found(track(german), FILM, HEARD, "de") == []
    assert sync.judge(track(german), FILM, "de", HEARD).by == "times"


def test_words_that_the_recogniser_doubts_decide_nothing():
    doubted = replace(HEARD, words=HEARD.words[:20], doubted=300)
    assert sync.judge(track(CUES), FILM, "en", doubted).by == "times"


def test_the_words_of_the_film_cut_otherwise_are_another_cuts():
    third = len(CUES) // 3
    moved = [replace(c, start_s=c.start_s + shift, end_s=c.end_s + shift) for k, c in enumerate(CUES)
             for shift in (25.0 if k < third else -4.0 if k < 2 * third else 12.0,)]  # fmt: skip
    (finding,) = found(track(moved), FILM, HEARD)
    assert finding.code == "wrong_subtitles"
    assert "another cut" in finding.detail


def test_cues_after_the_end_of_the_film_make_another_film_even_without_speech():
    silent = film([], 60)
    (finding,) = found(track(CUES), silent)
    assert finding.code == "wrong_subtitles"
    assert "after the film has ended" in finding.detail


def test_one_credit_soon_after_the_end_does_not():
    credit = [*CUES, Cue(190, 194, ("Subtitles by nobody",))]
    assert found(track(credit), FILM, HEARD) == []
    late = [*CUES, Cue(215, 219, ("Half a minute after it.",))]
    assert [f.code for f in found(track(late), FILM, HEARD)] == ["wrong_subtitles"]


def test_near_silence_and_too_few_cues_are_abstained_on():
    silent = film(SPOKEN[:6], 180)
    assert sync.judge(track(CUES), silent, "en").belongs is None
    assert found(track(CUES), silent) == []
    assert sync.judge(track(CUES), replace(silent, speech={}), "en").belongs is None


def test_a_steady_beat_of_music_is_abstained_on():
    """Voices that come in every two seconds fit everywhere: neither belonging nor wrong."""
    beat = [Word(t, t + 0.8, "la", 0.9) for t in np.arange(1.0, 178.0, 2.0)]
    cues = [Cue(t, t + 1.5, ("La la la",)) for t in np.arange(1.0, 178.0, 4.0)]
    judgement = sync.judge(track(cues), film(beat, 180), "en")
    assert judgement.belongs is None


def test_forced_subtitles_are_not_asked_to_cover_the_speech():
    few = track(CUES[4:6], forced=True)
    assert found(few, FILM, HEARD) == []


def test_speech_without_a_cue_is_untranslated_where_it_is_spoken():
    without = [c for c in CUES if not 60 < c.start_s < 100]
    (finding,) = found(track(without), FILM, HEARD)
    assert finding.code == "untranslated"
    assert 60 <= finding.start_s < finding.end_s <= 102
    assert found(track([c for c in CUES if c is not CUES[5]]), FILM, HEARD) == []


def test_a_shifted_track_is_moved_back_before_gaps_are_looked_for():
    assert [f.code for f in found(track(CUES, 8.0), FILM, HEARD)] == ["subtitle_offset"]


def test_a_few_cues_for_a_minute_of_speech_are_another_films_or_unfinished():
    (finding,) = found(track(CUES[:2]), FILM, None, "fr")
    assert (finding.code, finding.severity) == ("wrong_subtitles", "warn")
    assert "have a cue" in finding.detail


def test_no_words_make_no_line():
    assert fit_words(CUES, ()) is None
    assert fit_words([], HEARD.words) is None
    assert fit_words([Cue(0, 1, ("xyzzy",))], HEARD.words).share == 0  # type: ignore[union-attr]


def test_windows_to_listen_to_are_the_whole_of_a_short_film_and_spread_over_a_long_one():
    at_s = np.arange(0, 600, 1.0)
    assert choose_windows(at_s, np.ones(600)) == ((0.0, 600.0),)
    at_s = np.arange(0, 7200, 1.0)
    windows = choose_windows(at_s, np.where(at_s > 3600, 1.0, 0.1))
    assert sum(end - start for start, end in windows) == 900
    assert windows[0][0] < 600 and windows[-1][1] > 6600


def test_without_the_network_nothing_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FRONTROW_CACHE", str(tmp_path))
    assert recognise(tmp_path / "film.mp4") is None


def picture(rate: float, cuts: list[int], frames: int) -> Measurements:
    motion = np.full(frames, 2.0, np.float32)
    motion[cuts] = 40.0
    motion[100:130] = 18.0  # fast motion is no cut
    video = StreamFacts(0, "video", "h264", frames / rate, 0.0, "", frame_rate=rate)
    return Measurements(
        FileFacts("mov", frames / rate, 1, (video,)), {"at_s": np.arange(frames) / rate, "motion": motion}
    )


def test_cuts_are_seen_in_the_picture_and_cues_beside_them_told_at_the_films_rate():
    measured = picture(25.0, [50, 200], 400)
    beside = Track((Cue(2 + 3 / 25, 4, ("Just after it.",)), Cue(8.0, 10, ("On it.",))), "srt", "utf-8")
    (finding,) = find(beside, RULES, measured=measured)
    assert (finding.code, finding.measured["frames"]) == ("shot_change", 3)
    assert find(beside, RULES, shots=[8.0]) == []


TEXT = {
    "en": "Where were you last night? I have been waiting for you until midnight, and nobody has told me anything.",
    "de": "Wo warst du gestern Abend? Ich habe bis Mitternacht auf dich gewartet, und niemand hat mir etwas gesagt.",
    "fr": "Où étais-tu hier soir ? Je t'ai attendu jusqu'à minuit, et personne ne m'a rien dit de tout cela.",
    "sr": "Где си био синоћ? Чекала сам те до поноћи, а нико ми ништа није рекао о томе, знаш ли?",
}


@pytest.mark.parametrize("declared", ["en", "de", "fr", "sr", "hr", ""])
@pytest.mark.parametrize("language", ["en", "de", "fr", "sr"])
def test_a_text_in_another_language_than_declared_is_told(language: str, declared: str):
    words = 2 * TEXT[language].split()
    cues = [
        Cue(k, k + 1.5, (" ".join(words[i : i + 4]),))
        for k, i in zip(range(0, 100, 2), range(0, len(words), 4), strict=False)
    ]
    codes = {finding.code for finding in find(Track(tuple(cues), "srt", "utf-8", language=declared), RULES)}
    wrong = bool(declared) and declared != language and {declared, language} != {"sr", "hr"}
    assert ("subtitle_language" in codes) == wrong


def test_strong_words_are_hints_with_a_level_and_words_that_contain_them_are_none():
    lines = (
        "What the fuck is that?",
        "Damn you.",
        "He came from Scunthorpe to class.",
        "A fine evening, is it not?",
        "Where is he?",
    )
    cues = tuple(Cue(3 * k, 3 * k + 2, (line,)) for k, line in enumerate(lines))
    hints = [f for f in find(Track(cues, "srt", "utf-8"), RULES) if f.code == "maturity"]
    assert [(f.severity, f.start_s, f.measured["level"]) for f in hints] == [("info", 0, 3), ("info", 3, 1)]
    assert [f for f in find(Track(cues, "srt", "utf-8"), SubtitleRules(maturity=False)) if f.code == "maturity"] == []


def test_a_film_whose_times_begin_elsewhere_is_held_against_cues_from_its_start():
    late = [replace(word, start_s=word.start_s + 36_000, end_s=word.end_s + 36_000) for word in SPOKEN]
    video = StreamFacts(1, "video", "h264", 180, 36_000.0, "", frame_rate=25)
    measured = film(SPOKEN, 180)
    speech = {0: {**measured.speech[0], "at_s": measured.speech[0]["at_s"] + 36_000}}
    facts = replace(measured.facts, streams=(*measured.facts.streams, video))
    measured = replace(measured, facts=facts, speech=speech)
    codes = {finding.code for finding in find(track(CUES), RULES, measured=measured, words=heard(late))}
    assert not codes & {"wrong_subtitles", "subtitle_offset", "subtitle_drift", "untranslated"}


@pytest.mark.parametrize("language", ["de", "en"])
def test_nothing_is_heard_for_other_languages_or_of_a_film_that_is_gone(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(recogniser, "model_folder", lambda: tmp_path)
    cues = tuple(Cue(k, k + 1, (TEXT[language],)) for k in range(3))
    assert hear(tmp_path / "gone.mp4", FILM, Track(cues, "srt", "utf-8")) is None
