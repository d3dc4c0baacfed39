"""Readers: SubRip, WebVTT, TTML, SubStation Alpha and SCC become the same cues, and say what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontrow.errors import InputError
from frontrow.quality.subtitles.read import read, read_bytes
from frontrow.quality.subtitles.scc import frame_number
from frontrow.quality.subtitles.track import Track

SRT = """1
00:00:01,000 --> 00:00:02,500
Good <i>evening</i>,
Captain.

2
00:00:03,000 --> 00:00:04,000
{\\an8}Up here.
"""
VTT = """WEBVTT
Language: en

NOTE a comment

first
00:01.000 --> 00:02.500
<v Ann>Good <i>evening</i>,
Captain.</v>

00:00:03.000 --> 00:00:04.000 line:10%
Up here.
"""
TTML = """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"
    xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25" xml:lang="en">
  <head><styling><style xml:id="s1" tts:fontStyle="italic"/></styling></head>
  <body><div begin="1s">
    <p begin="0s" end="1500ms">Good <span style="s1">evening</span>,<br/>Captain.</p>
    <p begin="00:00:02:00" dur="25f" region="top">Up  here.</p>
  </div></body>
</tt>
"""
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Italic
Style: Default,Arial,0
Style: Top,Arial,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not shown
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,Good {\\i1}evening{\\i0},\\NCaptain.
Dialogue: 0,0:00:03.00,0:00:04.00,Top,,0,0,0,,Up here.
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}
"""


def track(text: str, name: str = "") -> Track:
    return read_bytes(text.encode(), name)


@pytest.mark.parametrize("kind, text", [("srt", SRT), ("vtt", VTT), ("ttml", TTML), ("ass", ASS)])
def test_every_format_gives_the_same_cues(kind: str, text: str):
    read = track(text)
    assert (read.format, read.encoding, read.faults) == (kind, "utf-8", ())
    assert [(round(c.start_s, 3), round(c.end_s, 3), c.lines) for c in read.cues] == [
        (1.0, 2.5, ("Good evening,", "Captain.")),
        (3.0, 4.0, ("Up here.",)),
    ]
    assert [c.italics for c in read.cues] == [True, False]
    assert read.cues[0].position == "" and read.cues[1].position != ""
    lines = text.split("\n")
    assert "Good" in "".join(lines[read.cues[0].raw_line_no - 1 : read.cues[0].raw_line_no + 1])


def test_the_language_comes_from_the_header_else_from_the_name():
    assert track(VTT, "film.de.vtt").language == "en"
    assert track(TTML).language == "en"
    assert track(SRT, "film.pt-BR.srt").language == "pt"
    assert track(SRT, "film.ger.forced.srt").language == "de"
    assert track(SRT, "film.ger.forced.srt").forced
    assert track(SRT, "de.srt").language == ""


def faults(text: str) -> list[str]:
    return [fault.detail for fault in track(text).faults]


@pytest.mark.parametrize("broken, said", [
    (SRT.replace("</i>", ""), "<i> is not closed"),
    (SRT.replace("<i>evening</i>", "<i><b>evening</i></b>"), "</i> closes before <b> does"),
    (SRT.replace("<i>", ""), "</i> closes nothing"),
    (SRT.replace("<i>", "<blink>").replace("</i>", ""), "unknown tag <blink>"),
    (SRT.replace("\\an8", "\\an0"), "{\\an0} is no position; there are 1 to 9"),
    (SRT.replace("00:00:01,000", "00:00:01.000"), "a time that is not written hh:mm:ss,mmm"),
    (SRT.replace("00:00:01,000", "-00:00:01,000"), "a negative time"),
    (SRT.replace("00:00:02,500", "00:00:62,500"), "more than 59 minutes or seconds"),
    (SRT.replace("00:00:03,000 -->", "00:00:0x,000 -->"), "not a valid line of times: '00:00:0x,000 --> 00:00:04,000'"),
    (SRT.replace("\n\n2\n", "\n2\n"), "no empty line before this cue"),
    (SRT.replace("Good", "\nGood"), "an empty line inside a cue ends it in most players"),
    (SRT.replace("\n2\n", "\n5\n"), "1 cues are not numbered one after another"),
    ("Made by me\n\n" + SRT, "text before the first cue"),
    (VTT.replace("line:10%", "line:110%"), "line cannot be '110%'"),
    (VTT.replace("line:10%", "align:middle"), "align cannot be 'middle'"),
    (VTT.replace("line:10%", "colour:red"), "unknown setting 'colour:red'"),
    (VTT.replace("NOTE a comment", "Stray words"), "text outside a cue: 'Stray words'"),
    (VTT.replace("Up here", "1 < 2"), "'<' outside a tag; write &lt;"),
    (TTML.replace('"1500ms"', '"soon"'), "not a valid time: 'soon'"),
    (TTML.replace(' begin="1s"', "").replace('begin="0s" end="1500ms"', ""), "a paragraph without begin or end"),
    (ASS.replace(",Top,,", ",Sign,,"), "style 'Sign' is not defined"),
    (ASS.replace("0:00:03.00,0:00:04.00", "soon,"), "not a valid line of dialogue: '0,soon,,Top,,0,0,0,,Up here.'"),
])  # fmt: skip
def test_each_fault_is_told_once_and_the_rest_is_read(broken: str, said: str):
    assert faults(broken) == [said]
    assert any("evening" in c.text or "here" in c.text for c in track(broken).cues)


def test_a_fault_names_its_line():
    (fault,) = track(SRT.replace("</i>", "")).faults
    assert (fault.line_no, fault.at_s) == (2, 1.0)


def test_entities_are_letters_and_a_smaller_sign_in_subrip_is_text():
    assert track(VTT.replace("Captain", "Tom &amp; &lt;3&gt;")).cues[0].lines[1] == "Tom & <3>."
    assert track(SRT.replace("Captain", "I <3 you")).cues[0].lines[1] == "I <3 you."


def test_ttml_times_nest_follow_one_another_in_a_sequence_and_count_ticks():
    body = """<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
      ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:tickRate="1000">
      <body begin="10s"><div timeContainer="seq"><p dur="2s">a</p><p dur="500t">b</p></div>
      <div begin="00:00:01:15"><p begin="1s" end="2s">c</p></div>
      <div><p><span begin="5s" end="6s">d</span><span begin="6s" end="7s">e</span></p></div></body></tt>"""
    got = [(round(c.start_s, 4), round(c.end_s, 4), c.text) for c in track(body).cues]
    half = round(11 + 15 * 1001 / 30000, 4)
    assert got == [
        (10, 12, "a"), (12, 12.5, "b"), (round(half + 1, 4), round(half + 2, 4), "c"), (15, 16, "d"), (16, 17, "e"),
    ]  # fmt: skip


def scc(*lines: str) -> Track:
    return track("Scenarist_SCC V1.0\n\n" + "\n\n".join(lines) + "\n")


def pairs(*values: int) -> str:
    """Bytes with odd parity, as they go over the line."""
    odd = [value | 0x80 if value.bit_count() % 2 == 0 else value for value in values]
    return " ".join(f"{a:02x}{b:02x}" for a, b in zip(odd[::2], odd[1::2], strict=True))


def letters(text: str) -> tuple[int, ...]:
    return tuple(ord(x) for x in text + "\0" * (len(text) % 2))


RCL, ENM, EDM, EOC, CR = (0x14, 0x20), (0x14, 0x2E), (0x14, 0x2C), (0x14, 0x2F), (0x14, 0x2D)


def test_scc_pop_on_captions_are_shown_and_erased_at_their_frames():
    load = pairs(
        *RCL, *RCL, *ENM, *ENM, 0x13, 0x60, 0x13, 0x60, *letters("Good"), 0x14, 0x60, 0x14, 0x60, *letters("night.")
    )
    got = scc(f"00:00:01:00\t{load}", f"00:00:02:00\t{pairs(*EOC, *EOC)}", f"00:00:04:00\t{pairs(*EDM, *EDM)}")
    assert got.faults == ()
    (cue,) = got.cues
    assert cue.lines == ("Good", "night.")
    assert cue.start_s == pytest.approx(60 * 1001 / 30000)
    assert cue.end_s == pytest.approx(120 * 1001 / 30000)


def test_scc_accents_replace_the_letter_before_them_and_special_signs_stand_alone():
    load = pairs(*RCL, 0x14, 0x60, *letters("Ae"), 0x12, 0x21, 0x11, 0x37, 0x5C, 0x20)
    got = scc(f"00:00:01:00\t{load} {pairs(*EOC)}", f"00:00:03:00\t{pairs(*EDM)}")
    assert got.cues[0].lines == ("AÉ♪é",)


def test_scc_italics_by_row_code_and_the_upper_position():
    load = pairs(*RCL, 0x11, 0x4E, *letters("Up"), *EOC)
    (cue,) = scc(f"00:00:01:00\t{load}", f"00:00:03:00\t{pairs(*EDM)}").cues
    assert (cue.italics, cue.position) == (True, "row 1")


def test_scc_roll_up_gives_one_cue_a_line():
    first = pairs(0x14, 0x25, *CR, 0x14, 0x60, *letters("One."))
    second = pairs(*CR, *letters("Two."))
    got = scc(f"00:00:01:00\t{first}", f"00:00:03:00\t{second}", f"00:00:05:00\t{pairs(*EDM)}")
    assert [c.lines for c in got.cues] == [("One.",), ("Two.",)]


def test_scc_drop_frame_leaves_out_two_numbers_a_minute_but_not_each_tenth():
    assert frame_number(0, 0, 59, 29, drop=True) + 1 == frame_number(0, 1, 0, 2, drop=True)
    assert frame_number(0, 10, 0, 0, drop=True) == 17982
    assert frame_number(1, 0, 0, 0, drop=False) == 108000


def test_scc_tells_wrong_parity_crowded_lines_and_captions_that_stay():
    load = pairs(*RCL, 0x14, 0x60, *letters("Good night"), *EOC)
    got = scc(f"00:00:01:00\t{load}", "00:00:01:04\t1420")
    said = [fault.detail for fault in got.faults]
    assert "2 bytes have the wrong parity: decoders blank them" not in said
    assert any("wrong parity" in x for x in said)
    assert any("captions come late" in x for x in said)
    assert any("never erased" in x for x in said)


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(InputError, match=r"gone\.srt"):
        read(tmp_path / "gone.srt")
