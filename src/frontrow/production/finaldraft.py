"""Reads Final Draft (.fdx): headings, page eighths and cast where the file has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from frontrow.production.faults import Fault, SheetFaults
from frontrow.production.headings import split_number
from frontrow.production.script import Script, ScriptScene

_KINDS = {
    "Action": "action", "General": "action", "Shot": "action", "Character": "cue", "Dialogue": "dialogue",
    "Parenthetical": "parenthetical", "Transition": "transition", "Singing": "dialogue",
}  # fmt: skip
_LENGTH = re.compile(r"^\s*(?:(\d+)\s+)?(\d+)/8\s*$|^\s*(\d+)\s*$")
_MOST_BYTES = 50_000_000


def read_final_draft(data: bytes, file: str = "script.fdx") -> Script:
    """The scenes of a Final Draft file.

    Raises SheetFaults for XML that does not parse, that declares entities, is no script, or has no scene heading.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    def fault(line: int, message: str) -> SheetFaults:
        return SheetFaults([Fault(file, line, "script", message)])

    if len(data) > _MOST_BYTES:
        raise fault(0, f"has {len(data):,} bytes; the most is {_MOST_BYTES:,}")
    try:
        root = fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except ParseError as error:
        raise fault(error.position[0], f"is not valid XML: {error}") from None
    except (DefusedXmlException, ValueError):
        raise fault(1, "declares entities or outside references; export it anew from Final Draft") from None
    except RecursionError:
        raise fault(1, "is nested too deeply") from None
    content = root.find("Content")
    if root.tag != "FinalDraft" or content is None:
        found = f"its root is {root.tag!r}" if root.tag != "FinalDraft" else "it has no Content"
        raise fault(1, f"is no Final Draft script: {found}; export it as .fdx")
    scenes: list[ScriptScene] = []
    for paragraph in _paragraphs(content):
        kind = paragraph.get("Type", "General")
        text = _text(paragraph)
        if kind == "Scene Heading":
            if text:
                scenes.append(_scene(paragraph, text, len(scenes) + 1))
        elif scenes and text and kind in _KINDS:
            scenes[-1].elements.append((_KINDS[kind], text))
    if not scenes:
        raise fault(1, "has no scene heading; is it a screenplay?")
    return Script(_title(root), scenes)


def _paragraphs(content: Any) -> Iterator[Any]:
    """The script's own paragraphs, dual dialogue unfolded; not those of notes, summaries or omitted scenes in them."""
    for paragraph in content.findall("Paragraph"):
        yield paragraph
        for dual in paragraph.findall("DualDialogue"):
            yield from dual.findall("Paragraph")


def _text(paragraph: Any) -> str:
    """The paragraph's own runs of text."""
    return "".join(run.text or "" for run in paragraph.findall("Text")).strip()


def _scene(paragraph: Any, heading: str, count: int) -> ScriptScene:
    typed, heading = split_number(heading)
    scene = ScriptScene((paragraph.get("Number") or "").strip() or typed or str(count), heading, 0)
    properties = paragraph.find("SceneProperties")
    if properties is not None:
        match = _LENGTH.match(properties.get("Length", ""))
        if match:
            whole, eighths, pages = match[1], match[2], match[3]
            scene.eighths = max(1, 8 * int(whole or pages or 0) + int(eighths or 0))
        scene.cast = [
            name for beat in properties.iter("CharacterArcBeat") if (name := (beat.get("Name") or "").strip())
        ]
        summary = properties.find("Summary")
        if summary is not None:
            scene.summary = " ".join(text for part in summary.iter("Paragraph") if (text := _text(part)))
    return scene


def _title(root: Any) -> str:
    """The first line of the title page, if it has one."""
    page = root.find("TitlePage")
    texts = [] if page is None else [_text(p) for p in page.iter("Paragraph")]
    return next((text for text in texts if text), "")
