"""Damage to subtitle files (SubRip, WebVTT): cues moved, stretched, swapped, broken, in another language or code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from frontrow.errors import InputError
from frontrow.media.damage.task import Done, Task

_TIMING: Final = re.compile(r"((?:\d+:)?\d{1,2}:\d{2}[.,]\d{3})[ \t]+-->[ \t]+((?:\d+:)?\d{1,2}:\d{2}[.,]\d{3})(.*)")
_DRIFTS: Final = ((24, 25), (25, 24), (24000, 25025), (25025, 24000))
_NOT_MEANT: Final = (
    "\N{REPLACEMENT CHARACTER}",
    "\x07",
    "\N{ZERO WIDTH SPACE}",
    "♪♫☠",
    "\N{BOX DRAWINGS LIGHT HORIZONTAL}",
)


@dataclass(frozen=True)
class _Cue:
    """One block of the file."""

    label: str
    start_s: float
    end_s: float
    settings: str
    text: str


@dataclass(frozen=True)
class _File:
    head: str
    cues: list[_Cue]
    mark: str  # of the decimals: "," in SubRip, "." in WebVTT


def _shift(task: Task) -> Done:
    """All cues .4 to 8 s early or late."""
    file = _read(task)
    by = task.grade(0.4, 8) * (1 if task.rng.integers(2) or file.cues[0].start_s < 1 else -1)
    cues = [replace(cue, start_s=max(0.0, cue.start_s + by), end_s=max(0.1, cue.end_s + by)) for cue in file.cues]
    return _write(task, file, cues, f"all cues moved by {by:+.2f} s")


def _drift(task: Task) -> Done:
    """Made for another frame rate: 24 and 25, or 23.976 and 25, either way."""
    file = _read(task)
    fast, slow = _DRIFTS[int(task.rng.integers(len(_DRIFTS)))]
    ratio = fast / slow
    cues = [replace(cue, start_s=cue.start_s * ratio, end_s=cue.end_s * ratio) for cue in file.cues]
    return _write(task, file, cues, f"all times multiplied by {ratio:.5f}")


def _another(task: Task) -> Done:
    """The subtitles of another film, or another language: the second file's text."""
    if task.other is None:
        raise InputError("wrong subtitles need a second subtitle file: give `other`")
    text = task.other.read_text("utf-8-sig", errors="replace")
    task.out.write_text(text, "utf-8")
    return Done(0.0, _read(task).cues[-1].end_s, f"the text of {task.other.name}")


def _swap(task: Task) -> Done:
    """Neighbours change places in time but not in the file: 1 to 8 pairs."""
    file = _read(task)
    cues, hit = list(file.cues), _pick(task, len(file.cues) - 1, 8)
    for i in hit:
        first, second = cues[i], cues[i + 1]
        cues[i] = replace(first, start_s=second.start_s, end_s=second.end_s)
        cues[i + 1] = replace(second, start_s=first.start_s, end_s=first.end_s)
    return _write(task, file, cues, f"{len(hit)} pairs of neighbours swapped", hit)


def _encode(task: Task) -> Done:
    """Read as one code page and written as another, or in a code that nothing names."""
    file = _read(task)
    broken = [replace(cue, text=f"{cue.text} – „déjà\N{NO-BREAK SPACE}vu“ č") for cue in file.cues[:3]] + file.cues[3:]
    done = _write(task, file, broken, "written as code page 1250 without a word")
    text = task.out.read_text("utf-8")
    if task.severity < 0.5:
        task.out.write_text(text.encode("utf-8").decode("latin-1"), "utf-8")
        return replace(done, how="UTF-8 read as Latin-1 and written as UTF-8 again")
    task.out.write_bytes(text.encode("cp1250", errors="replace"))
    return done


def _some(change: Callable[[_Cue, _Cue | None, float], _Cue], how: str, most: int = 6) -> Callable[[Task], Done]:
    """A change to 1 to `most` cues; it gets the cue, the next one and the severity."""

    def make(task: Task) -> Done:
        file = _read(task)
        cues, hit = list(file.cues), _pick(task, max(1, len(file.cues) - 1), most)
        for i in hit:
            cues[i] = change(cues[i], file.cues[i + 1] if i + 1 < len(file.cues) else None, task.severity)
        return _write(task, file, cues, f"{len(hit)} cues {how}", hit)

    return make


def _overlap(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    until = following.start_s + 0.1 + severity if following else cue.end_s
    return replace(cue, end_s=max(cue.end_s, until))


def _hurry(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    """Twice to four times as many characters a second as people read."""
    text = cue.text if len(cue.text) > 60 else f"{cue.text} and so it went on, and on, and on, without an end"
    return replace(cue, end_s=cue.start_s + max(0.85, len(text) / (30 + 30 * severity)), text=text)


def _flatten(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    text = " ".join(cue.text.split("\n"))
    return replace(cue, text=text + " and more of it" * max(1, round((46 + 30 * severity - len(text)) / 15)))


def _break(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    words = (cue.text.replace("\n", " ") + " and so on").split()
    lines = 3 + round(2 * severity)
    step = max(1, len(words) // lines)
    parts = [" ".join(words[i : i + step]) for i in range(0, step * (lines - 1), step)]
    return replace(
        cue, text="\n".join([*[part or "-" for part in parts], " ".join(words[step * (lines - 1) :]) or "-"])
    )


def _shorten(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    return replace(cue, end_s=cue.start_s + 0.6 - 0.5 * severity)


def _linger(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    return replace(cue, end_s=cue.start_s + 9 + 10 * severity)


def _touch(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    return replace(cue, end_s=following.start_s - 0.06 + 0.05 * severity) if following else cue


def _garble(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    return replace(cue, text=cue.text + _NOT_MEANT[round(severity * 10) % len(_NOT_MEANT)])


def _leave_open(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    return replace(cue, text=f"<i>{{\\an8}}<b>{cue.text}</i>")


def _swear(cue: _Cue, following: _Cue | None, severity: float) -> _Cue:
    return replace(cue, text=f"What the fuck! {cue.text}")


def _abandon(task: Task) -> Done:
    """No cues over a quarter to all of the middle of the file."""
    file = _read(task)
    count = len(file.cues)
    length = max(1, round(task.grade(0.2, 0.7) * count))
    first = int(task.rng.integers(1, max(2, count - length)))
    gone = file.cues[first : first + length]
    done = _write(task, file, file.cues[:first] + file.cues[first + length :], f"{len(gone)} cues left out")
    return Done(gone[0].start_s, gone[-1].end_s, done.how) if gone else done


MAKES: Final[Mapping[str, Callable[[Task], Done]]] = MappingProxyType(
    {
        "shifted": _shift,
        "stretched": _drift,
        "wrong": _another,
        "wrong_language": _another,
        "swapped": _swap,
        "encoding": _encode,
        "overlap": _some(_overlap, "run into the next"),
        "reading_speed": _some(_hurry, "too fast to read"),
        "line_length": _some(_flatten, "in one long line"),
        "line_count": _some(_break, "in three lines and more"),
        "duration_short": _some(_shorten, "shown too briefly"),
        "duration_long": _some(_linger, "shown too long"),
        "gap": _some(_touch, "end just before the next"),
        "characters": _some(_garble, "with characters that no font shows"),
        "syntax": _some(_leave_open, "with tags that do not close"),
        "untranslated": _abandon,
        "maturity": _some(_swear, "with a strong word"),
    }
)
"""How each kind is made, by its name."""


def _pick(task: Task, count: int, most: int) -> list[int]:
    """1 to `most` of `count`, no two neighbours, in order."""
    places = range(int(task.rng.integers(2)), count, 2) or range(count)
    wanted = min(max(1, round(task.grade(1, most))), len(places))
    return sorted(int(i) for i in task.rng.choice(places, wanted, replace=False))


def _read(task: Task) -> _File:
    text = task.source.read_text("utf-8-sig", errors="replace").replace("\r\n", "\n")
    head = ""
    cues: list[_Cue] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        found = _TIMING.search(block)
        if not found:
            head += f"{block}\n\n" if not cues else ""
            continue
        start, end, settings = found.groups()
        label, words = block[: found.start()].strip("\n"), block[found.end() :].strip("\n")
        cues.append(_Cue(label, _seconds(start), _seconds(end), settings, words))
    if not cues:
        raise InputError(f"{task.source.name} has no cues; name a SubRip or WebVTT file")
    return _File(head, cues, "." if text.startswith("WEBVTT") else ",")


def _write(task: Task, file: _File, cues: list[_Cue], how: str, hit: list[int] | None = None) -> Done:
    blocks = [
        f"{cue.label}\n" * bool(cue.label)
        + f"{_clock(cue.start_s, file.mark)} --> {_clock(cue.end_s, file.mark)}{cue.settings}\n{cue.text}\n"
        for cue in cues
    ]
    task.out.write_text(file.head + "\n".join(blocks), "utf-8")
    touched = [cues[i] for i in hit] if hit else cues
    return Done(min(cue.start_s for cue in touched), max(cue.end_s for cue in touched), how)


def _seconds(clock: str) -> float:
    total = 0.0
    for part in clock.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def _clock(at_s: float, mark: str) -> str:
    whole = round(max(0.0, at_s) * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}{mark}{whole % 1000:03d}"
