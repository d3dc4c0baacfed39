"""Who is in a scene: from the file, from cues, and from names in action lines, each with a confidence."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from frontrow.production.script import Script, ScriptScene

SURE = 0.6  # from this confidence on somebody is put in the cast; below, only on the review list
_EXTENSION = re.compile(r"\(([^)]*)\)")
_NOT_NAMES = {
    "THE", "A", "AN", "AND", "OF", "TO", "IN", "ON", "POV", "CUT", "FADE", "OUT", "CLOSE", "UP", "ANGLE", "SFX",
    "VFX", "VO", "OS", "BACK", "LATER", "CONTINUED", "TITLE", "SUPER", "INSERT", "END", "INTERCUT", "MONTAGE",
    "BANG", "DAY", "NIGHT", "INT", "EXT", "TV", "SOUND", "WE", "SEE", "HEAR", "I", "OK", "ID", "FBI", "CIA", "DVD",
    "PC", "USA", "UK", "US", "BEAT", "SMASH", "WIDE", "SHOT", "MATCH", "DISSOLVE", "FLASHBACK", "CREDITS", "BLACK",
    "WHITE", "ON-SCREEN", "NO", "YES",
}  # fmt: skip


@dataclass(frozen=True)
class Presence:
    """Somebody in a scene, how sure that is, and why."""

    name: str
    confidence: float
    reason: str


def cue_name(cue: str) -> tuple[str, str]:
    """The name of a cue in capitals and what stands in brackets: ANNA (V.O.) is ("ANNA", "VO")."""
    cue = cue.replace("’", "'")
    extension = " ".join(_EXTENSION.findall(cue)).upper().replace(".", "").strip()
    return " ".join(_EXTENSION.sub("", cue).upper().split()), extension


def speakers(script: Script) -> Counter[str]:
    """How many cues each name has in the whole script."""
    return Counter(
        name for scene in script.scenes for cue in scene.texts("cue") if (name := cue_name(cue)[0]) and len(name) < 60
    )


def presences(scene: ScriptScene, known: Counter[str]) -> list[Presence]:
    """Everybody who seems to be in the scene, the surest reason of each, by name."""
    found: dict[str, Presence] = {}

    def add(name: str, confidence: float, reason: str) -> None:
        if name and (name not in found or found[name].confidence < confidence):
            found[name] = Presence(name, confidence, reason)

    for name in scene.cast:
        add(cue_name(name)[0], 1.0, "listed in the file")
    for cue in scene.texts("cue"):
        name, extension = cue_name(cue)
        if "VO" in extension.split() or "VOICE" in extension:
            add(name, 0.4, "only heard (V.O.)")
        elif "OS" in extension.split() or "OC" in extension.split() or "OFF" in extension:
            add(name, 0.7, "speaks off screen")
        else:
            add(name, 1.0, "speaks")
    for text in scene.texts("action"):
        _in_action(text.replace("’", "'"), known, add)
    return sorted(found.values(), key=lambda presence: presence.name)


def _in_action(text: str, known: Counter[str], add: object) -> None:
    assert callable(add)
    for name in known:
        if re.search(rf"(?<![\w'])(?:{re.escape(name)})(?!\w)", text):
            add(name, 0.9, "named in capitals in the action")
        elif len(name) > 2 and re.search(rf"(?<![\w'])(?:{re.escape(name.title())})(?!\w)", text):
            add(name, 0.7, "named in the action")
    for match in re.finditer(r"(?<![\w'])[A-Z][A-Z'.\-]+(?:\s+[A-Z][A-Z'.\-]+){0,3}(?!\w)", text):
        words = [word.strip(".'-") for word in match[0].split()]
        if any(word in _NOT_NAMES or len(word) < 2 for word in words):
            continue
        name = " ".join(words)
        if name in known:
            continue
        parts = [other for other in known if other in words or set(other.split()) <= set(words)]
        if parts:
            add(parts[0], 0.8, f"introduced as {name}")
        else:
            add(name, 0.3, "in capitals in the action; a silent role, a thing or a sound")
