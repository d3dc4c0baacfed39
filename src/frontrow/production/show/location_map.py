"""Where the sites are, as an offline SVG: one panel a city, to scale, with a bar of kilometres."""

from __future__ import annotations

from html import escape
from math import cos, radians

from frontrow.production.facts import Facts
from frontrow.production.plan import Plan
from frontrow.production.sheet import Site

_SIZE, _EDGE = 380, 46


def location_map(facts: Facts, plan: Plan) -> str:
    """Panels of the cities that the plan uses; a dot grows with the days spent there."""
    days: dict[str, int] = {}
    for day in plan.days:
        for name in day.sites:
            days[name] = days.get(name, 0) + 1
    cities: dict[str, list[Site]] = {}
    for site in facts.sheet.sites:
        if site.id in days:
            cities.setdefault(site.city, []).append(site)
    if len(days) > 1 and len({(site.lat, site.lon) for sites in cities.values() for site in sites}) == 1:
        return f'<p class="note">All {len(days)} sites are at one point yet; give each its lat and lon.</p>'
    panels = [_panel(city, sites, days) for city, sites in cities.items()]
    return f'<div class="maps">{"".join(panels)}</div>'


def _panel(city: str, sites: list[Site], days: dict[str, int]) -> str:
    middle = sum(site.lat for site in sites) / len(sites)
    east = 111.32 * cos(radians(middle))
    points = [(site.lon * east, -site.lat * 110.57) for site in sites]
    left, top = min(x for x, _ in points), min(y for _, y in points)
    span = max(max(x for x, _ in points) - left, max(y for _, y in points) - top, 0.5)
    scale = (_SIZE - 2 * _EDGE) / span
    parts: list[str] = []
    labels: list[str] = []
    taken: list[tuple[float, float]] = []
    for site, (x, y) in sorted(zip(sites, points, strict=True), key=lambda pair: -days[pair[0].id]):
        px, py = _EDGE + (x - left) * scale, _EDGE + (y - top) * scale
        radius = 4 + min(10, 1.6 * days[site.id])
        name = escape(site.name or site.id)
        title = f"<title>{name}: {days[site.id]} days ({site.lat}, {site.lon})</title>"
        parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{radius:.1f}" class="dot">{title}</circle>')
        label = (px, py - radius - 4)
        if all(
            abs(label[0] - ox) > 92 or abs(label[1] - oy) > 13 for ox, oy in taken
        ):  # labels that would overlap stay in the title
            taken.append(label)
            labels.append(
                f'<text x="{px:.1f}" y="{label[1]:.1f}" text-anchor="middle" class="tick place">{name[:16]}</text>'
            )
    parts += labels
    bar = _round_down(span / 3)
    length = bar * scale
    base = _SIZE - 14
    parts.append(
        f'<line x1="{_EDGE}" y1="{base}" x2="{_EDGE + length:.1f}" y2="{base}" stroke="#555" stroke-width="2"/>'
    )
    parts.append(f'<text x="{_EDGE + length + 6:.1f}" y="{base + 4}" class="tick">{bar:g} km</text>')
    return (
        f'<figure><svg width="{_SIZE}" height="{_SIZE}" role="img" aria-label="Sites in {escape(city)}">'
        f'<rect width="{_SIZE}" height="{_SIZE}" rx="8" fill="#f6f7f4" stroke="#e0e0da"/>{"".join(parts)}</svg>'
        f"<figcaption>{escape(city) or 'Sites'} · {len(sites)} sites</figcaption></figure>"
    )


def _round_down(km: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `km`."""
    power = 10.0 ** len(str(int(km))) if km >= 1 else 1.0
    while power > km:
        power /= 10
    return next(step * power for step in (5, 2, 1) if step * power <= km)
