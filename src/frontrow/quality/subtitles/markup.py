"""Tags inside a cue (SubRip, WebVTT and the overrides of SubStation Alpha): plain lines, italics, position, faults."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TAG: Final = re.compile(r"<(/?)([A-Za-z]+|\d{2}[\d:.]*)([^<>]{0,200})>")
_OVERRIDE: Final = re.compile(r"\{([^{}]{0,2000})\}")
_ALIGNED: Final = re.compile(r"\\an?(\d+)")
_PLACED: Final = re.compile(r"\\(?:pos|move)\([^()]*\)")
_SRT_TAGS: Final = frozenset({"i", "b", "u", "s", "font"})
_VTT_TAGS: Final = frozenset({"i", "b", "u", "c", "v", "lang", "ruby", "rt"})
_MAY_STAY_OPEN: Final = frozenset({"v", "rt", "lang"})
"""WebVTT lets these end with the cue."""


@dataclass(frozen=True)
class Marked:
    """A cue's text without its tags."""

    lines: tuple[str, ...]
    italics: bool
    position: str
    faults: tuple[str, ...]


def read_tags(raw: Sequence[str], *, webvtt: bool = False) -> Marked:
    """SubRip's or WebVTT's tags; a `<` that begins no known tag is text in SubRip and a fault in WebVTT."""
    known = _VTT_TAGS if webvtt else _SRT_TAGS
    faults: list[str] = []
    opened: list[str] = []
    italics = False

    def replace(found: re.Match[str]) -> str:
        nonlocal italics
        closes, name, _ = found.groups()
        name = name.lower()
        if name[0].isdigit() and webvtt:
            return ""
        if name not in known:
            faults.append(f"unknown tag <{closes}{name}>")
            return "" if webvtt else found.group()
        if not closes:
            opened.append(name)
            italics = italics or name == "i"
        elif opened and opened[-1] == name:
            opened.pop()
        elif name in opened:
            faults.append(f"</{name}> closes before <{opened[-1]}> does")
            opened.remove(name)
        else:
            faults.append(f"</{name}> closes nothing")
        return ""

    text = _TAG.sub(replace, "\n".join(raw))
    faults += [f"<{name}> is not closed" for name in opened if not (webvtt and name in _MAY_STAY_OPEN)]
    position = ""
    if not webvtt:
        text, position, said, slanted = _overrides(text)
        faults += said
        italics = italics or slanted
    elif "<" in text:
        faults.append("'<' outside a tag; write &lt;")
    if webvtt or "&" in text:
        text = html.unescape(text)
    return Marked(_lines(text), italics, position, tuple(faults))


def read_overrides(raw: str) -> Marked:
    r"""SubStation Alpha's {\i1}, \N and \h."""
    if re.search(r"\\p[1-9]", raw):  # a drawing, not words
        return Marked((), False, "", ())
    text, position, faults, italics = _overrides(raw)
    for code, meant in ((r"\N", "\n"), (r"\n", " "), (r"\h", " ")):
        text = text.replace(code, meant)
    return Marked(_lines(text), italics, position, tuple(faults))


def _overrides(text: str) -> tuple[str, str, list[str], bool]:
    faults: list[str] = []
    inside = "".join(_OVERRIDE.findall(text))
    position = ""
    for number in _ALIGNED.findall(inside):
        if 1 <= int(number) <= 11:
            position = f"an{int(number)}"
        else:
            faults.append(rf"{{\an{number}}} is no position; there are 1 to 9")
    if placed := _PLACED.search(inside):
        position = placed.group().lstrip("\\")
    stripped = _OVERRIDE.sub(lambda found: "" if found.group(1).startswith("\\") else found.group(), text)
    if re.search(r"\{\\[^}]*$", stripped):
        faults.append(r"{\ is not closed")
    return stripped, position, faults, r"\i1" in inside


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())
