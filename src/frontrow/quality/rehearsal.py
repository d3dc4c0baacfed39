"""A rehearsal: a service's own films, damaged on purpose, inspected, and what was found held against what was done.

Films are split, never clips: what one film teaches is only ever tried on others. `jobs.rehearsal` does the takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from frontrow.errors import InputError
from frontrow.quality.damage import KINDS, VISIBLE, Damage
from frontrow.quality.findings import GROUP_OF, Finding
from frontrow.quality.learning import Example

Part = Literal["learn", "test"]

SLACK_S: Final = 1.0
"""A finding this far from the damage still means it: rows are tenths of a second, spans of faults grow to shots."""
FILM_KINDS: Final = tuple(name for name, kind in KINDS.items() if kind.group in ("picture", "sound"))
"""Every damage to picture and sound."""
TEXT_KINDS: Final = tuple(
    name for name, kind in KINDS.items() if kind.group == "subtitles" and name != "wrong_language"
)
"""Every damage to subtitles but their language, which would need a second track of the same film."""
OF_THE_WHOLE: Final = frozenset({"loudness"})
"""Not false in a clip: a programme's loudness is that of all of it, and a quiet scene is quiet."""
_NEEDS_OTHER: Final = "wrong"  # a track of another film


@dataclass(frozen=True)
class RehearsalConfig:
    """What is rehearsed."""

    kinds: tuple[str, ...] = (*FILM_KINDS, *TEXT_KINDS)
    """Kinds of damage; those of subtitles are for films that have some."""
    severities: tuple[float, ...] = (0.5, 0.75, 1.0)
    """0-1, from just visible to gross."""
    clip_s: float = 15.0
    """Length of a clip, seconds; long enough for a fault of 8 s with a before and an after."""
    clips: int = 2
    """Clips of each film that are damaged in each kind; each at one of the severities in turn."""
    clean: int = 6
    """Clips of each film left as they are, to count false findings in."""
    test_share: float = 0.4
    """Share of the films that are only tried, 0-1; at least one of two."""


@dataclass(frozen=True)
class Take:
    """One clip and what is done to it."""

    film: str
    part: Part
    start_s: float
    duration_s: float
    kind: str | None
    """None leaves the clip as it is."""
    severity: float
    seed: int
    subtitles: bool = False
    """Whether the film's subtitles are tried with it; the film is taken whole then, since cues are held against it."""


@dataclass(frozen=True)
class Outcome:
    """What the inspection made of one take."""

    take: Take
    damage: Damage | None
    """None for a clip left as it is, and where the clip has nothing to damage: no peak in a silent one."""
    findings: tuple[Finding, ...]
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """What a rehearsal says about the detectors."""

    recall: Mapping[str, tuple[int, int]]
    """Of each kind at visible severity: (found, tried)."""
    false: Mapping[str, int]
    """Findings above info in clean clips, by code; those `OF_THE_WHOLE` only where the whole film was taken."""
    clean_s: float
    """Seconds of clean clips."""

    def false_in_ten_minutes(self, group: str) -> float:
        """False findings of one group in ten minutes of clean film; nan without any clean film."""
        count = sum(n for code, n in self.false.items() if GROUP_OF[code] == group)
        return count * 600 / self.clean_s if self.clean_s else float("nan")


def plan(
    durations_s: Mapping[str, float],
    rng: np.random.Generator,
    config: RehearsalConfig | None = None,
    *,
    subtitled: Collection[str] = (),
) -> list[Take]:
    """Which clip of which film is damaged how: `durations_s` is the length of each film by its name.

    Films in `subtitled` have subtitles, which are damaged too, and tried once as they are. Raises InputError for a
    kind that is not rehearsed, kinds of subtitles where no film has any, and a film shorter than a clip.
    """
    config = config or RehearsalConfig()
    for kind in config.kinds:
        if kind not in (*FILM_KINDS, *TEXT_KINDS):
            raise InputError(f"'{kind}' is not rehearsed; there are {', '.join((*FILM_KINDS, *TEXT_KINDS))}")
    if not subtitled and not set(config.kinds) & set(FILM_KINDS):
        raise InputError(
            f"no film has SubRip or WebVTT subtitles beside it to damage ({', '.join(config.kinds)}): name them as the "
            "film, film.en.srt beside film.mp4"
        )
    text_kinds = [kind for kind in config.kinds if kind in TEXT_KINDS]
    if len(subtitled) < 2:
        text_kinds = [kind for kind in text_kinds if kind != _NEEDS_OTHER]
    short = [film for film, length in durations_s.items() if length < config.clip_s]
    if short:
        raise InputError(f"'{short[0]}' lasts {durations_s[short[0]]:.1f} s; a clip takes {config.clip_s:g} s")
    parts = split(list(durations_s), config.test_share, rng)
    takes = []
    for film, length in durations_s.items():
        kinds: list[str | None] = [kind for kind in config.kinds if kind in FILM_KINDS for _ in range(config.clips)]
        kinds += [None] * config.clean
        first = int(rng.integers(len(config.severities)))
        for number, chosen in enumerate(kinds):
            start = float(rng.uniform(0, length - config.clip_s))
            severity = config.severities[(first + number) % len(config.severities)] if chosen else 0.0
            seed = int(rng.integers(2**31))
            takes.append(Take(film, parts[film], start, config.clip_s, chosen, severity, seed))
        for kind in [kind for kind in text_kinds if film in subtitled for _ in range(config.clips)]:
            severity = float(rng.choice(config.severities))
            takes.append(Take(film, parts[film], 0.0, length, kind, severity, int(rng.integers(2**31)), subtitles=True))
        if text_kinds and film in subtitled:
            takes.append(Take(film, parts[film], 0.0, length, None, 0.0, int(rng.integers(2**31)), subtitles=True))
    return takes


def split(films: Sequence[str], test_share: float, rng: np.random.Generator) -> dict[str, Part]:
    """Each film's part: about `test_share` of them in the test, and at least one in each where there are two."""
    order = [films[i] for i in rng.permutation(len(films))]
    tested = min(max(1, round(test_share * len(films))), len(films) - 1)
    return {film: "test" if place < tested else "learn" for place, film in enumerate(order)}


def is_found(done: Damage, findings: Iterable[Finding]) -> bool:
    """Whether some finding above info names the damage where it is."""
    return any(
        finding.code == done.code
        and finding.severity != "info"
        and finding.start_s <= done.end_s + SLACK_S
        and finding.end_s >= done.start_s - SLACK_S
        for finding in findings
    )


def score(outcomes: Iterable[Outcome], part: Part = "test") -> Scores:
    """Recall of each kind at visible severity, and false findings in clean clips, over one part of the films."""
    recall: dict[str, tuple[int, int]] = {}
    false: dict[str, int] = {}
    clean_s = 0.0
    for outcome in outcomes:
        if outcome.take.part != part:
            continue
        if outcome.take.kind is None:
            clean_s += outcome.take.duration_s
            for finding in outcome.findings:
                is_of_clip = outcome.take.subtitles or finding.code not in OF_THE_WHOLE
                if finding.severity != "info" and is_of_clip:
                    false[finding.code] = false.get(finding.code, 0) + 1
        elif outcome.damage and outcome.damage.severity >= VISIBLE:
            found, tried = recall.get(outcome.damage.kind, (0, 0))
            recall[outcome.damage.kind] = (found + is_found(outcome.damage, outcome.findings), tried + 1)
    return Scores(recall, false, clean_s)


def examples(outcomes: Iterable[Outcome]) -> list[Example]:
    """What the judge learns from a rehearsal: visible damage is what a reviewer would reject.

    Faint damage is left out, since nobody has said what a reviewer makes of it.
    """
    return [
        Example(
            features=outcome.features,
            rejected=outcome.take.kind is not None,
            film=outcome.take.film,
            defects=frozenset({outcome.damage.code} if outcome.damage else ()),
            unsure=frozenset(outcome.damage.also if outcome.damage else ()),
        )
        for outcome in outcomes
        if outcome.take.kind is None or (outcome.damage and outcome.damage.severity >= VISIBLE)
    ]
