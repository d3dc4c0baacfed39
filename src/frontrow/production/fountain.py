"""Reads Fountain, the plain-text screenplay format (fountain.io, syntax 1.1)."""

from __future__ import annotations

import re

from frontrow.production.faults import Fault, SheetFaults
from frontrow.production.headings import is_heading, split_number
from frontrow.production.script import Script, ScriptScene

_EMPHASIS = re.compile(r"(?<!\\)(\*{1,3}|_)")
_TAGS = re.compile(r"(?:\s+#[^\W\d][\w:]*\??)+$")
_CONTINUED = re.compile(r"\(?(?:MORE|CONTINUED:?(?: \(\d+\))?)\)?$|\d+\.$")  # what printed pages add
_TRANSITION = re.compile(r"[^a-z]*(?:TO|IN|OUT|UP|BLACK|WHITE)[:.]$")
_TITLE_KEY = re.compile(r"^([A-Za-z][A-Za-z ]*):(.*)$")


def read_fountain(text: str, file: str = "script.fountain") -> Script:
    """The scenes of a Fountain text. Raises SheetFaults when it has no scene heading."""
    title, body, offset = _title_page(_without_boneyard(text.replace("\r\n", "\n").replace("\r", "\n")))
    scenes: list[ScriptScene] = []
    lines = body.split("\n")
    in_dialogue = of_section = False  # a synopsis right after a section's title is the section's
    for index, raw in enumerate(lines):
        line = raw.strip()
        before_blank = index == 0 or not lines[index - 1].strip()
        after_blank = index + 1 >= len(lines) or not lines[index + 1].strip()
        if not line:
            in_dialogue = in_dialogue and raw.startswith("  ")
            continue
        if (before_blank and _forced_heading(line)) or (is_heading(line) and (before_blank or line == line.upper())):
            scenes.append(_scene(line, offset + index + 1, len(scenes) + 1))
            in_dialogue = False
            continue
        of_section = line.startswith("#") or (of_section and line.startswith("="))
        if scenes and not of_section and re.match(r"=(?!=)", line):
            scenes[-1].summary = " ".join((scenes[-1].summary, line.lstrip("= "))).strip()
        if not scenes or line.startswith(("#", "=")) or _CONTINUED.match(line):
            continue
        elements = scenes[-1].elements
        if before_blank and not after_blank and _is_cue(line):
            elements.append(("cue", _TAGS.sub("", line).lstrip("@").rstrip("^ ").strip()))
            in_dialogue = True
        elif in_dialogue:
            kind = "parenthetical" if line.startswith("(") else "dialogue"
            elements.append((kind, _EMPHASIS.sub("", line.lstrip("~"))))
        elif before_blank and after_blank and (_TRANSITION.match(line) or re.match(r">[^<]*$", line)):
            elements.append(("transition", line.lstrip(">").strip()))
        else:
            elements.append(("action", _EMPHASIS.sub("", line.lstrip("!@").strip("><").strip())))
    if not scenes:
        raise SheetFaults(
            [Fault(file, 1, "script", "has no scene heading (INT. ... or EXT. ...); is it a screenplay?")]
        )
    return Script(title, scenes)


def _without_boneyard(text: str) -> str:
    """Comments and notes taken out, their line breaks kept so that line numbers stay."""
    for pattern in (r"/\*.*?\*/", r"\[\[.*?\]\]"):
        text = re.sub(pattern, lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)
    return text


def _title_page(text: str) -> tuple[str, str, int]:
    """Title, the rest, and how many lines the title page had."""
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if first >= len(lines) or not _TITLE_KEY.match(lines[first]) or is_heading(lines[first]):
        return "", text, 0
    end = next((i for i in range(first, len(lines)) if not lines[i].strip()), len(lines))
    title, key = [], ""
    for line in lines[first:end]:
        match = _TITLE_KEY.match(line)
        key, value = (match[1].strip().lower(), match[2]) if match else (key, line)
        if key == "title" and value.strip():
            title.append(_EMPHASIS.sub("", value.strip()))
    return " ".join(title), "\n".join(lines[end:]), end


def _forced_heading(line: str) -> bool:
    """A period and a letter or figure right behind it."""
    return re.match(r"\.\w", line) is not None


def _scene(line: str, number: int, count: int) -> ScriptScene:
    own, heading = split_number(_EMPHASIS.sub("", line.removeprefix(".")))
    return ScriptScene(own or str(count), heading, number)


def _is_cue(line: str) -> bool:
    """A cue stands alone in capitals (brackets aside), has a letter, and is no transition."""
    if line.startswith("@"):
        return True
    if line.startswith(("!", ">", "~", "(")) or line.endswith(":"):
        return False
    name = re.sub(r"\([^)]*\)", "", _TAGS.sub("", line)).rstrip("^ ").strip()
    return any(c.isalpha() for c in name) and name == name.upper() and len(name) <= 60
