"""Hostile subtitles: bombs, floods and nonsense are findings, soon, and never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.quality.subtitles import read as reading
from frontrow.quality.subtitles.detectors import find
from frontrow.quality.subtitles.read import read, read_bytes
from frontrow.quality.subtitles.rules import SubtitleRules

BOMB = """<?xml version="1.0"?><!DOCTYPE tt [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><tt xmlns="http://www.w3.org/ns/ttml"><body>
<p begin="1s" end="2s">&c;</p></body></tt>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE tt [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end="2s">&x;</p></body></tt>"""
TIMING = "00:00:01,000 --> 00:00:02,000\n"


def codes(data: bytes) -> set[str]:
    return {finding.code for finding in find(read_bytes(data), SubtitleRules())}


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
def test_an_xml_bomb_or_an_entity_of_another_file_is_refused(text: str):
    read = read_bytes(text.encode())
    assert read.cues == ()
    assert [(fault.code, fault.severity) for fault in read.faults] == [("unreadable", "error")]
    assert "refused" in read.faults[0].detail


@pytest.mark.parametrize("data, code", [
    (b"", "unreadable"), (b"\xef\xbb\xbf\r\n \n", "unreadable"), (b"\0" * 5000, "unreadable"),
    (b"<html><body>not found</body></html>", "unsupported"), (b"<tt", "unreadable"),
    (b"just words", "unsupported"), (b"\x00\x00\x00\x18ftypmp42" + b"\x00\x01" * 500, "unsupported"),
    (b"WEBVTT", "syntax"), (b"[Script Info]\n", "syntax"),
])  # fmt: skip
def test_files_without_a_cue_are_findings(data: bytes, code: str):
    assert code in codes(data)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "LARGEST_BYTES", 1000)
    path = tmp_path / "large.srt"
    path.write_text(TIMING * 100)
    (fault,) = read(path).faults
    assert (fault.code, fault.severity) == ("unreadable", "error")


def test_more_cues_than_the_limit_are_told_and_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_CUES", 10)
    track = read_bytes((TIMING + "a\n\n").encode() * 50)
    assert len(track.cues) == 10
    assert any("only the first 10" in fault.detail for fault in track.faults)


def test_ten_thousand_broken_cues_give_a_thousand_faults_and_their_number():
    track = read_bytes((TIMING + "<i>a\n\n").encode() * 10_000)
    assert len(track.faults) == reading.MOST_FAULTS + 1
    assert "9,000 more" in track.faults[-1].detail


def test_elements_nested_without_end_are_left_out():
    deep = "<div>" * 5000 + '<p begin="1s" end="2s">a</p>' + "</div>" * 5000
    spans = "<span>" * 5000 + "a" + "</span>" * 5000
    for body in (deep, f'<p begin="1s" end="2s">{spans}</p>'):
        track = read_bytes(f'<tt xmlns="http://www.w3.org/ns/ttml"><body>{body}</body></tt>'.encode())
        assert track.faults


@pytest.mark.parametrize(
    "line",
    ["<" * 200_000, "{" * 200_000, "<i>" * 60_000, "{\\" * 100_000, "&" * 200_000, "9" * 200_000, "-->" * 60_000],
)
def test_long_lines_of_half_tags_are_read_in_linear_time(line: str):
    for head in ("", "WEBVTT\n\n"):
        read_bytes(f"{head}{TIMING.replace(',', '.') if head else TIMING}{line}\n".encode())


ALPHABET = st.sampled_from(
    [
        "-->",
        "\n",
        "\n\n",
        "0",
        "00:00:01,000",
        "00:00:02.5",
        "<i>",
        "</i>",
        "{\\an8}",
        "a",
        "&amp;",
        "\ufeff",
        "p1",
        "é",
        "字",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["", "WEBVTT\n\n", "[Events]\nDialogue: ", "Scenarist_SCC V1.0\n00:00:01:00\t", "<tt>"]),
    st.lists(ALPHABET, max_size=40),
)
def test_no_text_breaks_a_reader_or_a_rule(head: str, parts: list[str]):
    track = read_bytes((head + "".join(parts)).encode())
    assert track.cues or track.faults
    find(track, SubtitleRules())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_a_reader(data: bytes):
    track = read_bytes(data)
    assert track.cues or track.faults
