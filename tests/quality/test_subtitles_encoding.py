"""Encodings: byte order marks, UTF-8, code pages told by their letters, and text that was read wrongly once before."""

from __future__ import annotations

import pytest

from frontrow.quality.subtitles.encoding import decode
from frontrow.quality.subtitles.read import read_bytes

CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy. Kde jsi byl včera večer? Čekala jsem na tebe až do půlnoci."
RUSSIAN = "Где ты был вчера вечером? Я ждала тебя до полуночи. Все счастливые семьи похожи друг на друга."
FRENCH = "Où étais-tu hier soir ? Je t'ai attendu jusqu'à minuit. Ça m'est égal, c'était déjà très tard, à l'hôtel."
GREEK = "Πού ήσουν χθες το βράδυ; Σε περίμενα μέχρι τα μεσάνυχτα. Δεν πειράζει, ήταν ήδη πολύ αργά."
JAPANESE = "昨日の夜はどこにいたの。真夜中まで待っていたのに。もう遅いから帰りましょう。"


def srt(text: str) -> str:
    lines = text.split(". ")
    return "".join(
        f"{k}\n00:00:{2 * k:02d},000 --> 00:00:{2 * k + 1:02d},500\n{line}\n\n" for k, line in enumerate(lines, 1)
    )


def ttml(encoding: str, text: str) -> str:
    body = f'<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end="3s">{text}</p></body></tt>'
    return f'<?xml version="1.0" encoding="{encoding}"?>{body}'


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_form_of_unicode_is_read(encoding: str):
    read = read_bytes(srt(CZECH).encode(encoding))
    assert read.cues[0].lines == ("Příliš žluťoučký kůň úpěl ďábelské ódy",)
    unmarked = encoding in {"utf-16-le", "utf-16-be"}
    assert [fault.code for fault in read.faults] == ["encoding"] * unmarked


@pytest.mark.parametrize("text, encoding", [
    (CZECH, "cp1250"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8_r"), (FRENCH, "cp1252"), (GREEK, "cp1253"),
    (JAPANESE, "shift_jis"),
])  # fmt: skip
def test_code_pages_are_read_by_their_letters_and_told(text: str, encoding: str):
    read = read_bytes(srt(text * 3).encode(encoding))
    assert read.cues[0].text in text * 3
    assert [fault.code for fault in read.faults] == ["encoding"]


def test_plain_utf_8_is_no_finding():
    assert decode(srt(GREEK).encode()).faults == ()


def test_a_damaged_byte_in_utf_8_is_told_with_its_line():
    data = srt(CZECH).encode().replace("úpěl".encode(), b"\xff")
    decoded = decode(data)
    assert decoded.encoding == "utf-8"
    assert (decoded.faults[0].code, decoded.faults[0].line_no) == ("encoding", 3)


def test_utf_8_that_was_read_as_latin_letters_and_saved_again_is_told():
    (fault,) = decode(srt(FRENCH).encode("utf-8").decode("cp1252", "replace").encode("utf-8", "replace")).faults
    assert (fault.code, fault.severity) == ("encoding", "error")
    assert decode(srt("Ça va bien, São Paulo. Ã la carte, Île.").encode()).faults == ()


def test_the_code_that_an_xml_header_names_is_taken():
    text = ttml("windows-1251", "Где")
    read = read_bytes(text.encode("cp1251"))
    assert (read.cues[0].text, read.faults) == ("Где", ())


@pytest.mark.parametrize("name", ["unicode_escape", "idna", "hex", "nonsense", "rot13"])
def test_a_header_may_name_no_code_that_is_none(name: str):
    read = read_bytes(ttml(name, "Très bien").encode("cp1252"))
    assert [fault.code for fault in read.faults] == ["encoding"]
    assert read.cues[0].text == "Très bien"


def test_bytes_of_no_language_are_a_finding_and_no_crash():
    data = srt("x").encode() + bytes(range(128, 256)) * 40
    assert any(fault.code == "encoding" for fault in read_bytes(data).faults)
