# ruff: noqa: E501
"""The cost-risk curve: the chance of staying below each cost, with plan, P50 and P90 marked."""

from __future__ import annotations

from frontrow.production import money
from frontrow.production.risk import Outlook

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 760, 320, 60, 44, 40


def risk_curve(outlook: Outlook, planned_total: int, currency: str) -> str:
    """The curve as SVG with a sentence under it."""
    costs = [cost for _, cost in outlook.curve]
    low, high = min([*costs, outlook.planned, planned_total]), max([*costs, planned_total])
    span = max(high - low, 1)

    def x(cost: float) -> float:
        return _LEFT + (cost - low) / span * (_WIDTH - _LEFT - 40)

    def y(share: float) -> float:
        return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)

    points = " ".join(f"{x(cost):.1f},{y(share):.1f}" for share, cost in outlook.curve)
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 40}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="#e4e4df"/>'
        )
        parts.append(f'<text x="{_LEFT - 8}" y="{y(share) + 4:.1f}" text-anchor="end" class="tick">{share:.0%}</text>')
    for step in range(5):
        cost = low + span * step / 4
        label = money.plain(round(cost), currency, ",").split(".")[0]
        parts.append(f'<text x="{x(cost):.1f}" y="{_HEIGHT - 22}" text-anchor="middle" class="tick">{label}</text>')
    marks = (
        (outlook.p50, "P50", "#2b6cb0", 0),
        (outlook.p90, "P90", "#b7472a", 0),
        (planned_total, "ledger", "#4a7c3a", 14),
    )
    for cost, name, colour, lift in marks:
        parts.append(
            f'<line x1="{x(cost):.1f}" x2="{x(cost):.1f}" y1="{_TOP - 4}" y2="{_HEIGHT - _BOTTOM}" stroke="{colour}" stroke-dasharray="4 3"/>'
            f'<text x="{x(cost):.1f}" y="{_TOP - 8 - lift}" text-anchor="middle" style="fill:{colour}" class="mark">{name}</text>'
        )
    sentence = (
        f"With rain the plan costs {money.text(outlook.p50, currency)} or less in half of 10,000 runs and "
        f"{money.text(outlook.p90, currency)} or less in nine of ten. The chance of exceeding the ledger's total "
        f"({money.text(planned_total, currency)}, expected loss included) is {outlook.overrun:.0%}; on average rain stops "
        f"{outlook.wet_days:.1f} exterior days."
    )
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="Cost-risk curve">{"".join(parts)}'
        f'<polyline points="{points}" fill="none" stroke="#2d3748" stroke-width="2.5"/>'
        f'<text x="{_WIDTH - 40}" y="{_HEIGHT - 5}" text-anchor="end" class="tick">cost in {currency}</text></svg><p>{sentence}</p>'
    )
