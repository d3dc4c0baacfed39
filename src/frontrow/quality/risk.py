"""What findings weigh by themselves: their risk together where no judge was fitted, and the strongest in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frontrow.quality.findings import Finding

REASONS: Final = 3
_RISK: Final = {"error": 0.9, "warn": 0.35, "info": 0.01}
"""How likely a reviewer rejects for one certain finding, where no judge was fitted."""


def risk_by_rules(findings: Sequence[Finding]) -> float:
    """Probability that at least one finding alone makes a reviewer reject; findings of one code count once."""
    worst: dict[str, float] = {}
    for finding in findings:
        share = _RISK[finding.severity] * finding.confidence
        worst[finding.code] = max(worst.get(finding.code, 0.0), share)
    passed = 1.0
    for share in worst.values():
        passed *= 1 - share
    return 1 - passed


def strongest(findings: Sequence[Finding], most: int = REASONS) -> tuple[str, ...]:
    """The findings that weigh most, one a code, in words."""
    order = sorted(findings, key=lambda x: (-_RISK[x.severity] * x.confidence, x.start_s))
    first = {x.code: x for x in reversed(order)}
    chosen = [x for x in order if first[x.code] is x][:most]
    return tuple(f"{x.code.replace('_', ' ')} at {clock(x.start_s)}: {x.detail}" for x in chosen)


def clock(at_s: float) -> str:
    """h:mm:ss.mmm"""
    ms = max(0, round(at_s * 1000))
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
