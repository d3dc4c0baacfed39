"""Timecodes and marker files, by hand-reckoned values of SMPTE ST 12-1."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.quality import markers
from frontrow.quality.findings import Finding

NTSC = 30_000 / 1001


@pytest.mark.parametrize(
    ("frame", "rate", "expected"),
    [
        (0, 25, "00:00:00:00"), (24, 25, "00:00:00:24"), (25, 25, "00:00:01:00"), (90_000, 25, "01:00:00:00"),
        (1439, 24_000 / 1001, "00:00:59:23"),
        (1799, NTSC, "00:00:59;29"), (1800, NTSC, "00:01:00;02"), (17_981, NTSC, "00:09:59;29"),
        (17_982, NTSC, "00:10:00;00"), (107_892, NTSC, "01:00:00;00"),
        (3599, 2 * NTSC, "00:00:59;59"), (3600, 2 * NTSC, "00:01:00;04"), (215_784, 2 * NTSC, "01:00:00;00"),
    ],
)  # fmt: skip
def test_timecode_of_a_frame(frame: int, rate: float, expected: str) -> None:
    assert markers.timecode(frame / rate, rate) == expected


@given(st.integers(0, 1_000_000))
def test_dropped_numbers_keep_within_a_tenth_of_a_second_of_the_clock_and_never_repeat(frame: int) -> None:
    code = markers.timecode(frame / NTSC, NTSC)
    hours, minutes, seconds, frames = map(int, re.split("[:;]", code))
    clock_s = hours * 3600 + minutes * 60 + seconds + frames / NTSC
    assert abs(clock_s - frame / NTSC) < 0.1
    assert code != markers.timecode((frame + 1) / NTSC, NTSC)
    assert not (frames < 2 and seconds == 0 and minutes % 10)


FOUND = [
    Finding("black", "error", 1.0, 2.0, 0.9, "black – for 1 s", {}, 0),
    Finding("language", "info", 0.0, 0.0, 0.5, '=HYPERLINK("x")', {}),
]


def test_an_edl_has_an_event_of_at_least_a_frame_and_a_locator_for_each_finding_in_plain_ascii() -> None:
    text = markers.edl(FOUND, "Über film.mp4", NTSC)
    assert text.isascii()
    lines = text.split("\r\n")
    assert lines[1] == "FCM: DROP FRAME"
    assert lines[2].split() == ["001", "AX", "V", "C", "00:00:01;00", "00:00:02;00", "00:00:01;00", "00:00:02;00"]
    assert lines[3] == "* LOC: 00:00:01;00 RED     black: black ? for 1 s"
    assert lines[4].split()[4:6] == ["00:00:00;00", "00:00:00;01"]


def test_the_csv_holds_every_finding_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(markers.table(FOUND, 25.0))))
    assert [row["code"] for row in rows] == ["black", "language"]
    assert rows[0]["timecode_in"] == "00:00:01:00"
    assert rows[0]["stream"] == "0"
    assert rows[1]["detail"].startswith("'=")
