"""Which file a person should look at next, when a file is settled, and what the audits say about the machine. Pure.

A look is worth what it may change: how unsure the machine is, times how many will watch. Of the files that the machine
approves by itself a fixed share, drawn by a hash, waits for a person too, so that its promise is checked for ever.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from frontrow.quality.verdict import Decision

AUDIT_SHARE: Final = 0.02
"""Share of automatic approvals that a person sees as well; one in fifty finds a doubled error rate within a season."""
AUDIT_UNCERTAINTY: Final = 0.25
"""What an audit counts as at least, since what it teaches does not show in its own risk."""
SURE: Final = 0.2
"""A risk below this, or above one minus this, is a clear opinion; who contradicts it is asked to be confirmed."""
_AUDIT_CONFIDENCE: Final = 0.95

Said = Literal["approve", "reject", "skip"]
State = Literal["waiting", "second", "disputed", "settled"]


@dataclass(frozen=True)
class Case:
    """One file in the queue."""

    id: str
    risk: float
    """Probability that a reviewer would reject it, 0-1."""
    verdict: Decision
    """The machine's."""
    audit: bool
    views: float
    """Expected in the next four weeks."""
    said: Mapping[str, Said] = field(default_factory=dict)
    """The last word of each reviewer."""


@dataclass(frozen=True)
class Standing:
    """Where a file stands between machine and people."""

    state: State
    """waiting for a first look, for a second because the first contradicts the machine, disputed, or settled."""
    outcome: Literal["approve", "reject"] | None
    """What people decided; None until it is settled."""


def standing(case: Case) -> Standing:
    """One voice settles a file unless it contradicts a clear opinion of the machine; after that the majority does."""
    votes = Counter(word for word in case.said.values() if word != "skip")
    approve, reject = votes["approve"], votes["reject"]
    if not votes:
        return Standing("waiting", None)
    if approve == reject:
        return Standing("disputed", None)
    outcome: Literal["approve", "reject"] = "reject" if reject > approve else "approve"
    contradicts = (outcome == "reject" and case.risk <= SURE) or (outcome == "approve" and case.risk >= 1 - SURE)
    if approve + reject == 1 and contradicts:
        return Standing("second", None)
    return Standing("settled", outcome)


def uncertainty(risk: float) -> float:
    """0 for a sure thing, 1 at even odds: 4 p (1 - p)."""
    return 4 * risk * (1 - risk)


def value(case: Case) -> float:
    """What one look is worth: uncertainty x expected views. A contradicted or disputed file is as unsure as can be."""
    unsure = uncertainty(case.risk)
    if standing(case).state in ("second", "disputed"):
        unsure = 1.0
    if case.audit:
        unsure = max(unsure, AUDIT_UNCERTAINTY)
    return unsure * max(case.views, 1.0)


def queue(cases: Iterable[Case], reviewer: str = "") -> list[Case]:
    """Cases that this reviewer can help with, the most valuable first; what they skipped comes last."""
    open_cases = [
        case for case in cases if standing(case).state != "settled" and case.said.get(reviewer, "skip") == "skip"
    ]
    return sorted(open_cases, key=lambda case: (reviewer in case.said, -value(case), case.id))


def is_audited(inspection: str, seed: int = 0, share: float = AUDIT_SHARE) -> bool:
    """Whether an automatic approval is seen by a person all the same: by hash, so that it can be drawn again."""
    digest = blake2b(f"{seed}\0{inspection}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < share


@dataclass(frozen=True)
class Audit:
    """What people found among the files that the machine approved by itself."""

    drawn: int
    looked: int
    """Of them settled by people."""
    bad: int
    """Of them rejected."""


def audit(cases: Iterable[Case]) -> Audit:
    """Counts over the audited cases; `drift.check` says what they mean for the promise."""
    drawn = [case for case in cases if case.audit]
    settled = [where.outcome for where in map(standing, drawn) if where.outcome]
    return Audit(len(drawn), len(settled), settled.count("reject"))


def interval(bad: int, looked: int, confidence: float = _AUDIT_CONFIDENCE) -> tuple[float, float]:
    """Where a share lies of which `bad` in `looked` were seen, exactly (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    if looked == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, bad, looked - bad + 1)) if bad else 0.0
    high = float(beta.ppf(1 - tail, bad + 1, looked - bad)) if bad < looked else 1.0
    return low, high


def agreement(cases: Iterable[Case]) -> tuple[int, int]:
    """(pairs of reviewers of one file that agree, pairs in all)."""
    same = pairs = 0
    for case in cases:
        words = Counter(word for word in case.said.values() if word != "skip")
        total = sum(words.values())
        pairs += math.comb(total, 2)
        same += sum(math.comb(count, 2) for count in words.values())
    return same, pairs


@dataclass(frozen=True)
class Score:
    """What reviewers say of the findings of one code."""

    code: str
    right: int
    wrong: int
    missed: int
    low: float
    """95% interval of the precision."""
    high: float

    @property
    def precision(self) -> float | None:
        """Right by judged; None where none was judged."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


def scores(judged: Iterable[tuple[str, Mapping[str, str]]], missed: Iterable[str]) -> list[Score]:
    """By code, from (code, the last word of each reviewer: right or wrong) a finding, and codes of missed spans."""
    right, wrong, overlooked = Counter[str](), Counter[str](), Counter(missed)
    for code, words in judged:
        votes = Counter(words.values())
        if votes["right"] != votes["wrong"]:  # who disagrees says nothing together
            (right if votes["right"] > votes["wrong"] else wrong)[code] += 1
    return [
        Score(code, right[code], wrong[code], overlooked[code], *interval(right[code], right[code] + wrong[code]))
        for code in sorted({*right, *wrong, *overlooked})
    ]
