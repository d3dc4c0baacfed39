"""Rules on cues: at the limit passes, just beyond is told."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.quality.rules import load_pack
from frontrow.quality.subtitles import cues as on_cues
from frontrow.quality.subtitles.rules import SubtitleRules
from frontrow.quality.subtitles.track import Cue, shown_spans
from frontrow.quality.subtitles.width import columns

STREAMING = load_pack("streaming_27").subtitles
RATE = 24.0


def cue(start_s: float, end_s: float, *lines: str, position: str = "", line_no: int = 0) -> Cue:
    return Cue(start_s, end_s, lines or ("Good evening.",), position=position, raw_line_no=line_no)


def codes(*cues: Cue, rules: SubtitleRules = STREAMING) -> list[str]:
    return [finding.code for finding in on_cues.find(cues, rules, RATE)]


def test_a_line_of_42_characters_passes_and_one_of_43_does_not():
    assert codes(cue(0, 5, "a" * 42)) == []
    assert codes(cue(0, 5, "a" * 43)) == ["line_length"]


def test_east_asian_characters_take_two_columns_and_combining_marks_none():
    assert columns("日本語") == 6
    assert columns("ｗｉｄｅ") == 8
    assert columns("한국") == 4
    assert columns("e\N{COMBINING ACUTE ACCENT}té") == 3
    assert columns("हिन्दी") == 5  # the virama among its six code points takes none
    assert columns("a\N{ZERO WIDTH SPACE}b\N{SOFT HYPHEN}") == 2
    assert codes(cue(0, 7, "字" * 21)) == []
    assert codes(cue(0, 7, "字" * 22)) == ["line_length"]


def test_two_lines_pass_and_three_do_not():
    assert codes(cue(0, 5, "One.", "Two.")) == []
    assert codes(cue(0, 5, "One.", "Two.", "Three.")) == ["line_count"]


def test_twenty_characters_a_second_pass_and_a_character_more_does_not():
    assert codes(cue(0, 2, "a" * 40)) == []
    assert codes(cue(0, 2, "a" * 41)) == ["reading_speed"]
    assert codes(cue(0, 2, "a" * 20, "b" * 20)) == []
    assert codes(cue(0, 2, "a" * 20, "b" * 21)) == ["reading_speed"]


def test_children_read_seventeen_characters_a_second():
    children = SubtitleRules(for_children=True)
    assert codes(cue(0, 2, "a" * 34), rules=children) == []
    assert codes(cue(0, 2, "a" * 35), rules=children) == ["reading_speed"]


def test_five_sixths_of_a_second_pass_as_whole_milliseconds_and_one_less_does_not():
    assert codes(cue(1, 1.833)) == []
    assert codes(cue(1, 1.832)) == ["duration_short"]


def test_seven_seconds_pass_and_a_millisecond_more_does_not():
    assert codes(cue(1, 8)) == []
    assert codes(cue(1, 8.001)) == ["duration_long"]


def test_a_cue_of_no_length_is_short_and_one_that_ends_before_it_begins_is_a_fault_of_syntax():
    assert codes(cue(1, 1)) == ["duration_short"]
    assert codes(cue(2, 1)) == ["syntax"]


def test_a_negative_time_is_a_fault_of_syntax_and_is_placed_at_the_beginning():
    (finding,) = on_cues.find([cue(-1, 2)], STREAMING, RATE)
    assert (finding.code, finding.start_s, finding.end_s) == ("syntax", 0.0, 2)
    assert [f.end_s for f in on_cues.find([cue(-4, -2)], STREAMING, RATE)] == [0.0]


def test_a_gap_of_two_frames_passes_and_a_shorter_one_does_not():
    assert codes(cue(0, 2), cue(2.083, 4)) == []
    assert codes(cue(0, 2), cue(2.082, 4)) == ["gap"]
    assert codes(cue(0, 2), cue(2, 4)) == ["gap"]


def test_cues_may_touch_where_the_rules_say_so_but_not_leave_one_frame():
    general = SubtitleRules()
    assert codes(cue(0, 2), cue(2, 4), rules=general) == []
    assert codes(cue(0, 2), cue(2.042, 4), rules=general) == ["gap"]
    assert codes(cue(0, 2), cue(2.042, 4), rules=SubtitleRules(gap_frames=0)) == []


def test_overlapping_cues_are_told_by_time_whatever_their_order_in_the_file():
    assert codes(cue(0, 2), cue(1.9, 4)) == ["overlap"]
    assert codes(cue(-3, -1), cue(-2, 1)) == ["syntax", "syntax", "overlap"]
    assert codes(cue(0, 6), cue(1, 3), cue(5, 7)) == ["overlap", "overlap"]
    found = on_cues.find([cue(5, 7), cue(0, 2)], STREAMING, RATE)
    assert [f.code for f in found] == ["overlap"]
    assert "stands above it in the file" in found[0].detail


def test_cues_at_two_places_may_stand_at_once():
    assert codes(cue(0, 3), cue(1, 4, position="line:10%")) == []


@pytest.mark.parametrize("character", ["\ufffd", "\x07", "\u200b", "☠", "─", "\ue000"])
def test_characters_that_no_font_shows_are_told(character: str):
    assert codes(cue(0, 3, f"Hello{character}")) == ["characters"]


@pytest.mark.parametrize(
    "text", ["♪ La la ♪", "Żółć — „ćma”…", "İstanbul ₺5", "ما می\u200cرویم", "5 × 3 ≤ 20 °C", "नमस्ते", "¿Qué?"]
)
def test_characters_of_every_script_are_none(text: str):
    assert codes(cue(0, 5, text)) == []


def test_a_finding_names_the_line_of_the_file_and_what_was_measured():
    (finding,) = on_cues.find([cue(1, 3, "a" * 41, line_no=7)], STREAMING, RATE)
    assert finding.detail.startswith("line 7, ")
    assert finding.measured["characters_per_s"] == 20.5
    assert (finding.start_s, finding.end_s) == (1, 3)


FRAME = 1 / RATE


@pytest.mark.parametrize(
    "frames, told", [(0, False), (1, True), (7, True), (8, False), (-1, True), (-7, True), (-8, False)]
)
def test_a_cue_begins_on_a_cut_or_eight_frames_from_it(frames: int, told: bool):
    found = on_cues.find_at_cuts([cue(10 + frames * FRAME, 14)], [10.0], STREAMING, RATE, 1.0)
    assert bool(found) == told


@pytest.mark.parametrize(
    "frames, told", [(-3, False), (-2, False), (-1, True), (0, False), (1, True), (11, True), (12, False)]
)
def test_a_cue_ends_two_frames_before_a_cut_or_half_a_second_after(frames: int, told: bool):
    found = on_cues.find_at_cuts([cue(6, 10 + frames * FRAME)], [10.0], STREAMING, RATE, 1.0)
    assert bool(found) == told


@given(st.lists(st.tuples(st.integers(-5000, 60_000), st.integers(-2000, 9000)), max_size=30))
def test_spans_on_screen_are_apart_ascending_and_cover_every_cue(times: list[tuple[int, int]]):
    cues = [cue(start / 1000, (start + length) / 1000) for start, length in times]
    spans = list(shown_spans(cues))
    assert all(a < b for a, b in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert all(any(a <= c.start_s and c.end_s <= b for a, b in spans) for c in cues if c.duration_s > 0)
    on_cues.find(cues, STREAMING, RATE)  # whatever the times are, nothing breaks


@given(st.integers(1, 400), st.integers(1, 9000))
def test_reading_speed_is_told_exactly_above_the_limit(length: int, shown_ms: int):
    found = codes(cue(1, 1 + shown_ms / 1000, "a" * length))
    assert ("reading_speed" in found) == (length * 1000 > 20 * shown_ms)
