"""The verdict on one file: what was found, the risk of approving it, and what should happen now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from frontrow.quality.findings import Finding

Decision = Literal["approve", "reject", "review"]


@dataclass(frozen=True)
class Verdict:
    """One file, judged."""

    file: str
    verdict: Decision
    findings: tuple[Finding, ...]
    """Ordered by time, then code."""
    risk: float
    """Probability that a reviewer would reject the file, 0-1."""
    reasons: tuple[str, ...] = ()
    """The three strongest, in words."""
    judge: str = ""
    """Version of the learnt judge; '' when only rules spoke."""

    def as_json(self) -> dict[str, Any]:
        """The shape that scripts rely on."""
        return {
            "file": self.file,
            "verdict": self.verdict,
            "risk": round(self.risk, 6),
            "reasons": list(self.reasons),
            "judge": self.judge or None,
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity,
                    "start_s": round(finding.start_s, 3),
                    "end_s": round(finding.end_s, 3),
                    "confidence": round(finding.confidence, 4),
                    "detail": finding.detail,
                    "measured": dict(finding.measured),
                    "stream": finding.stream,
                }
                for finding in self.findings
            ],
        }
