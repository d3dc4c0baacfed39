"""Who is in a scene: from the file, from cues, and from names in action lines, each with a confidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from frontrow.production.script import Script, ScriptScene

SURE = 0.6  # from this confidence on somebody is put in the cast; below, only on the review list
HEARD, CAPITALS = "only heard (V.O.)", "in capitals in the action; a silent role, a thing or a sound"
_EXTENSION = re.compile(r"\(([^)]*)\)?")
_CROWD = {
    "ALL", "BOTH", "EVERYONE", "EVERYBODY", "TOGETHER", "OTHERS", "CROWD", "CHORUS", "PEOPLE", "MOB", "AUDIENCE",
    "GROUP", "CROWDS", "PASSENGERS", "SOLDIERS", "KIDS", "CHILDREN", "STUDENTS", "GUARDS", "COPS", "GUESTS",
    "VILLAGERS", "EXTRAS", "VARIOUS", "VOICES", "UNISON",
}  # fmt: skip
_MACHINES = {
    "VOICE", "RADIO", "TV", "TELEVISION", "INTERCOM", "PHONE", "TELEPHONE", "LOUDSPEAKER", "COMPUTER", "MACHINE",
    "ANNOUNCER", "RECORDING",
}  # fmt: skip
_NO_CUE = re.compile(
    r"(?:THE )?(?:TITLE|SUPER|INTERCUT|MONTAGE|INSERT|FLASHBACK|ANGLE|CLOSE(?: |-)?(?:UP|ON)|CUT (?:BACK )?TO|FADE|"
    r"BACK TO|SMASH|DISSOLVE|END|CREDITS|POV|SERIES OF|LATER$|CONTINUED|CHYRON|CARD|ACT (?:ONE|TWO|THREE|[IVX\d]+)\b)"
)
_NOT_NAMES = {
    "THE", "A", "AN", "AND", "OF", "TO", "IN", "ON", "AT", "IT", "IS", "FOR", "WITH", "FROM", "BY", "AS", "POV",
    "CUT", "FADE", "OUT", "CLOSE", "UP", "ANGLE", "SFX", "VFX", "VO", "OS", "OC", "BACK", "LATER", "CONTINUED",
    "TITLE", "SUPER", "INSERT", "END", "INTERCUT", "MONTAGE", "BANG", "DAY", "NIGHT", "INT", "EXT", "TV", "SOUND",
    "WE", "SEE", "HEAR", "I", "OK", "ID", "FBI", "CIA", "DVD", "PC", "USA", "UK", "US", "BEAT", "SMASH", "WIDE",
    "SHOT", "MATCH", "DISSOLVE", "FLASHBACK", "CREDITS", "BLACK", "WHITE", "ON-SCREEN", "NO", "YES", "AM", "PM",
    "IBM", "NYC", "LA", "CGI", "MOS", "DOWN", "PUSH", "PULL", "PAN", "LOOK", "NOT",
}  # fmt: skip
_COMMON = {
    "THE", "YOUNG", "OLD", "LITTLE", "BIG", "DR", "MR", "MRS", "MS", "MISS", "SIR", "LADY", "OFFICER", "AGENT",
    "DETECTIVE", "CAPTAIN", "SERGEANT", "COLONEL", "GENERAL", "DOCTOR", "NURSE", "FATHER", "MOTHER", "UNCLE", "AUNT",
    "COUSIN", "KING", "QUEEN", "PRINCE", "MAN", "WOMAN", "BOY", "GIRL", "GUY", "KID", "TALL", "FAT", "FIRST",
    "SECOND", "THIRD", "OTHER", "ADULT", "TEEN", "TEENAGE", "OLDER", "YOUNGER", "POLICE", "SECURITY", "AND", "OF",
    "DATE",
}  # fmt: skip
_AGES = {"YOUNG", "YOUNGER", "OLD", "OLDER", "LITTLE", "BABY", "TEEN", "TEENAGE", "ADULT"}
_CAPITALS = re.compile(r"(?<![\w'])[A-Z][A-Z'.\-]+(?:\s+[A-Z][A-Z'.\-]+){0,3}(?!\w)")


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


class Roles:
    """The names that have cues in a script, and the pattern that finds them in action lines."""

    def __init__(self, script: Script) -> None:
        cues = [cue_name(cue)[0] for scene in script.scenes for cue in scene.texts("cue")]
        listed = [cue_name(name)[0] for scene in script.scenes for name in scene.cast]
        self.cues = Counter(name for name in cues if name and len(name) < 60 and not _NO_CUE.match(name))
        self.cues.update(name for name in set(listed) if name not in self.cues)
        self.names = {name for name in self.cues if not self._joint(name) and not _is_crowd(name)}
        short = Counter(word for name in self.names for word in set(name.split()))
        self._words = {name: {word.strip(".'-#") for word in name.split()} for name in self.names}
        self._short = {
            word: name
            for name in self.names
            for word in name.split()
            if len(name.split()) > 1 and short[word] == 1 and word not in self.names and len(word) > 2
            and word.strip(".'") not in _COMMON and word.isalpha()
        }  # fmt: skip
        words = sorted({name for name in self.names if len(name) > 1} | self._short.keys(), key=lambda w: (-len(w), w))
        cased = "|".join(re.escape(word[0]) + f"(?i:{re.escape(word[1:])})" for word in words)
        self._pattern = re.compile(rf"(?<![\w'])({cased})(?!\w)('s?(?!\w))?") if words else None

    def members(self, name: str) -> list[str]:
        """The roles behind a cue: two or three for ANNA AND OLE, nobody for EVERYONE."""
        if not name or _NO_CUE.match(name):
            return []
        return self._joint(name) or ([] if _is_crowd(name) else [name])

    def _joint(self, name: str) -> list[str]:
        parts = [part.strip() for part in re.split(r"\s+AND\s+|\s*[&/+,]\s*(?:AND\s+)?", name)]
        return parts if len(parts) > 1 and all(part in self.cues for part in parts) else []

    def within(self, words: list[str]) -> str:
        """The longest role whose name is a part of `words` (ANNA of ANNA BERG), if there is one."""
        found = [name for name, own in self._words.items() if own < set(words)]
        return max(sorted(found), key=len, default="")

    def around(self, words: list[str]) -> bool:
        """Whether `words` are a role's name or a part of it."""
        return any(own.issuperset(words) for own in self._words.values())

    def in_action(self, text: str) -> list[tuple[str, float, str]]:
        """Roles named in a line of action; the longest names first, so that YOUNG ANNA is not ANNA."""
        found = []
        for match in self._pattern.finditer(text) if self._pattern else ():
            word = match[1].upper()
            if match[2]:
                found.append((self._short.get(word, word), 0.5, "something of theirs is named in the action"))
            elif word in self._short:
                found.append((self._short[word], 0.65, f"{match[1]} is named in the action"))
            elif match[1].isupper():
                found.append((word, 0.9, "named in capitals in the action"))
            elif len(word) > 2:
                found.append((word, 0.7, "named in the action"))
        return found


def presences(scene: ScriptScene, roles: Roles) -> list[Presence]:
    """Everybody who seems to be in the scene, the surest reason of each, by name."""
    found: dict[str, Presence] = {}

    def add(name: str, confidence: float, reason: str) -> None:
        if name and (name not in found or found[name].confidence < confidence):
            found[name] = Presence(name, confidence, reason)

    for name in scene.cast:
        add(cue_name(name)[0], 1.0, "listed in the file")
    for cue in scene.texts("cue"):
        name, extension = cue_name(cue)
        for member in roles.members(name):
            add(member, *_heard(member, extension))
        if _is_crowd(name):
            add(name, 0.4, "speak as a crowd; count them as extras")
    for text in scene.texts("action"):
        text = text.replace("’", "'")
        for name, confidence, reason in roles.in_action(text):
            add(name, confidence, reason)
        _in_capitals(text, roles, add)
    return sorted(found.values(), key=lambda presence: presence.name)


def _heard(name: str, extension: str) -> tuple[float, str]:
    """How sure it is that a speaker is there to be filmed."""
    words = set(re.findall(r"[\w\-]+", extension))
    if words & {"VO", "VOICE", "V", "PRELAP", "PRE-LAP", "RADIO", "TV", "RECORDING", "INTERCOM"}:
        return 0.4, HEARD
    if set(name.split()) & _MACHINES:
        return 0.4, "a voice or a machine"
    if words & {"OS", "OC", "OFF", "O", "OFFSCREEN", "OFF-SCREEN"}:
        return 0.7, "speaks off screen"
    return 1.0, "speaks"


def _is_crowd(name: str) -> bool:
    return bool(name) and name.split()[-1].strip(".'") in _CROWD


def _in_capitals(text: str, roles: Roles, add: Callable[[str, float, str], None]) -> None:
    for match in _CAPITALS.finditer(text):
        words = [word.strip(".'-") for word in match[0].split()]
        if any(word in _NOT_NAMES or len(word) < 2 for word in words) or _COMMON.issuperset(words):
            continue
        longer = roles.within(words)
        if longer and words[0] in _AGES:
            add(" ".join(words), 0.4, f"a younger or older {longer}; perhaps a role of its own")
        elif longer:
            add(longer, 0.8, f"introduced as {' '.join(words)}")
        elif not roles.around(words):
            add(" ".join(words), 0.3, CAPITALS)
