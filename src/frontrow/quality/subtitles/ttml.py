"""TTML and its profiles IMSC and EBU-TT (W3C): timed paragraphs in XML, times nested or not, styles by reference.

Read with defusedxml: a document that defines entities or a document type is refused, so that no bomb unfolds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from frontrow.quality.subtitles.track import Cue, Fault, Parsed

_CLOCK: Final = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9})|:(\d{1,3})(?:\.\d+)?)?")
_OFFSET: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(h|ms|m|s|f|t)")
_PARAGRAPH: Final = re.compile(r"<(?:[A-Za-z][\w.-]{0,40}:)?p[\s>/]")
_DECLARATION: Final = re.compile(r"\A\s*<\?xml[^>]{0,300}\?>")
_DEEPEST: Final = 64
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(frozen=True)
class _Clock:
    frame_rate: float = 30.0
    tick_rate: float = 1.0


@dataclass(frozen=True)
class _Scope:
    """What an element takes over from those around it."""

    begin_s: float = 0.0
    end_s: float | None = None
    timed: bool = False
    italics: bool = False
    region: str = ""
    keep_space: bool = False
    depth: int = 0


def parse(text: str) -> Parsed:
    """Cues of a TTML document; one that is no XML or that defines entities has none, and a fault."""
    from defusedxml import DefusedXmlException, ElementTree

    try:
        root = ElementTree.fromstring(_DECLARATION.sub("", text, count=1), forbid_dtd=True)
    except ElementTree.ParseError as error:
        return Parsed((), (Fault("unreadable", f"not well-formed XML: {error}", severity="error"),))
    except DefusedXmlException:
        what = "the XML defines a document type or entities; refused, as it could unfold without end"
        return Parsed((), (Fault("unreadable", what, severity="error"),))
    except (ValueError, RecursionError) as error:
        return Parsed((), (Fault("unreadable", f"the XML cannot be read: {error}", severity="error"),))
    faults: list[Fault] = []
    if _name(root.tag) != "tt":
        return Parsed((), (Fault("unsupported", f"the XML is <{_name(root.tag)}>, not TTML's <tt>", severity="error"),))
    reader = _Reader(_clock(root, faults), _italic_styles(root), faults, _line_numbers(text, root))
    for body in root:
        if _name(body.tag) == "body":
            reader.walk(body, _Scope())
    return Parsed(tuple(reader.cues), tuple(faults), root.get(f"{_XML}lang", "")[:20])


class _Reader:
    """Walks the body once; a paragraph becomes a cue, or one each for spans with times of their own."""

    def __init__(self, clock: _Clock, italic: set[str], faults: list[Fault], line_nos: list[int]) -> None:
        self.cues: list[Cue] = []
        self._clock, self._italic, self._faults = clock, italic, faults
        self._line_nos = iter(line_nos)
        self._line_no = 0

    def walk(self, element: Any, outer: _Scope) -> float:
        """Read an element inside `outer`; returns where it ends, for elements that follow in a sequence."""
        name = _name(element.tag)
        if name == "p":
            self._line_no = next(self._line_nos, 0)
        scope = self._enter(element, outer)
        if scope.depth > _DEEPEST:
            self._too_deep()
            return outer.begin_s
        if name == "p":
            self._paragraph(element, scope)
        else:
            at_s = scope.begin_s
            for child in element:
                if _name(child.tag) in {"div", "p"}:
                    inside = replace(scope, begin_s=at_s if _sequence(element) else scope.begin_s)
                    at_s = self.walk(child, inside)
        return scope.end_s if scope.end_s is not None else scope.begin_s

    def _paragraph(self, element: Any, scope: _Scope) -> None:
        spans = [x for x in element if _name(x.tag) == "span" and x.get("begin")]
        for part in spans or [element]:
            inside = self._enter(part, scope) if spans else scope
            text, italics = self._text(part, inside)
            lines = tuple(line.strip() for line in text.split("\n") if line.strip())
            if not inside.timed or inside.end_s is None:
                if lines and not (part.get("begin") and (part.get("end") or part.get("dur"))):
                    self._faults.append(Fault("syntax", "a paragraph without begin or end", self._line_no, "error"))
                continue
            if lines or part.get("begin"):
                self.cues.append(Cue(inside.begin_s, inside.end_s, lines, italics, inside.region, self._line_no))

    def _enter(self, element: Any, outer: _Scope) -> _Scope:
        begin, end, duration = (self._time(element.get(key)) for key in ("begin", "end", "dur"))
        begin_s = outer.begin_s + (begin or 0.0)
        end_s = outer.end_s
        if end is not None:
            end_s = outer.begin_s + end
        if duration is not None:
            end_s = begin_s + duration if end is None else min(begin_s + duration, outer.begin_s + end)
        styled = self._italic_by(element)
        return _Scope(
            begin_s, end_s, outer.timed or begin is not None or end is not None,
            outer.italics if styled is None else styled, element.get("region", outer.region),
            element.get(f"{_XML}space", "preserve" if outer.keep_space else "") == "preserve", outer.depth + 1,
        )  # fmt: skip

    def _text(self, element: Any, scope: _Scope) -> tuple[str, bool]:
        """Words of an element and those in it; whether any is in italics."""
        parts, italics = [], False
        for text, slanted in self._runs(element, scope.italics, scope.depth):
            parts.append(text if text == "\n" or scope.keep_space else re.sub(r"\s+", " ", text))
            italics = italics or (slanted and bool(text.strip()))
        return "".join(parts), italics

    def _runs(self, element: Any, italics: bool, depth: int) -> Iterator[tuple[str, bool]]:
        yield element.text or "", italics
        if depth >= _DEEPEST and len(element):
            self._too_deep()
            return
        for child in element:
            name = _name(child.tag)
            if name == "br":
                yield "\n", italics
            elif name == "span":
                styled = self._italic_by(child)
                yield from self._runs(child, italics if styled is None else styled, depth + 1)
            yield child.tail or "", italics

    def _too_deep(self) -> None:
        self._faults.append(Fault("syntax", f"elements nested deeper than {_DEEPEST} are left out", self._line_no))

    def _italic_by(self, element: Any) -> bool | None:
        for key, value in element.attrib.items():
            if _name(key) == "fontStyle":
                return bool(value in {"italic", "oblique"})
        named = element.get("style")
        return True if named and any(x in self._italic for x in named.split()) else None

    def _time(self, value: str | None) -> float | None:
        if value is None:
            return None
        value = value.strip()
        if clock := _CLOCK.fullmatch(value):
            hours, minutes, whole, decimals, frames = clock.groups()
            total = int(hours) * 3600 + int(minutes) * 60 + int(whole) + (float(f"0.{decimals}") if decimals else 0.0)
            return total + (int(frames) / self._clock.frame_rate if frames else 0.0)
        if offset := _OFFSET.fullmatch(value):
            number, unit = float(offset.group(1)), offset.group(2)
            rates = {"f": 1 / self._clock.frame_rate, "t": 1 / self._clock.tick_rate}
            return number * (rates.get(unit) or {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}[unit])
        self._faults.append(Fault("syntax", f"not a valid time: {value[:40]!r}", self._line_no, "error"))
        return None


def _clock(root: Any, faults: list[Fault]) -> _Clock:
    said = {_name(key): value for key, value in root.attrib.items()}
    try:
        rate = float(said.get("frameRate", 30))
        top, _, bottom = said.get("frameRateMultiplier", "1 1").replace(":", " ").strip().partition(" ")
        rate *= float(top) / float(bottom or 1)
        ticks = float(said.get("tickRate", rate if "frameRate" in said else 1))
        if not (0 < rate < 1e6 and 0 < ticks < 1e12):
            raise ValueError
    except (ValueError, ZeroDivisionError):
        faults.append(
            Fault("syntax", "frame rate or tick rate of the header is no rate; 30 and 1 are taken", severity="error")
        )
        return _Clock()
    return _Clock(rate, ticks)


def _italic_styles(root: Any) -> set[str]:
    found = set()
    for element in root.iter():
        if _name(element.tag) == "style" and any(
            _name(key) == "fontStyle" and value in {"italic", "oblique"} for key, value in element.attrib.items()
        ):
            found.add(element.get(f"{_XML}id", ""))
    return found - {""}


def _line_numbers(text: str, root: Any) -> list[int]:
    """Line of each paragraph; none where comments hide some, so that no wrong line is told."""
    starts = [found.start() for found in _PARAGRAPH.finditer(text)]
    if len(starts) != sum(_name(x.tag) == "p" for x in root.iter()):
        return []
    numbers, line_no, before = [], 1, 0
    for start in starts:
        line_no += text.count("\n", before, start)
        before = start
        numbers.append(line_no)
    return numbers


def _sequence(element: Any) -> bool:
    return bool(element.get("timeContainer") == "seq")


def _name(tag: Any) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
