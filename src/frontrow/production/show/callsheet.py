# ruff: noqa: E501
"""Call sheets: for each day who is wanted when and where, with the sun and the travel."""

from __future__ import annotations

from html import escape

from frontrow.production import sun
from frontrow.production.facts import Facts
from frontrow.production.plan import Plan, ShootDay
from frontrow.production.show.stripboard import clock, pages

_LEAD_MINUTES = 45  # a performer is called that long before their first scene, for make-up and wardrobe


def call_sheets(facts: Facts, plan: Plan) -> list[str]:
    """An HTML section a day."""
    return [_sheet(facts, plan, day, number) for number, day in enumerate(plan.days, 1)]


def cast_calls(facts: Facts, day: ShootDay) -> list[tuple[str, int, int, list[str]]]:
    """Performer, call, end of the last scene (UTC minutes) and scenes of a day, earliest first."""
    calls: dict[str, tuple[int, int, list[str]]] = {}
    for slot in day.slots:
        for who in facts.sheet.scene[slot.scene].cast:
            first, _, scenes = calls.get(who, (slot.start, slot.end, []))
            calls[who] = (first, slot.end, [*scenes, slot.scene])
    lead = _LEAD_MINUTES
    rows = [(who, max(day.call, first - lead), last, scenes) for who, (first, last, scenes) in calls.items()]
    return sorted(rows, key=lambda row: (row[1], row[0]))


def sun_line(facts: Facts, day: ShootDay) -> str:
    """Sunrise, sunset and twilight in words, with the reason where there is none."""
    site = facts.sheet.site[day.slots[0].site]
    light = facts.light(site, day.date)

    def at(minutes: int | None) -> str:
        return "–" if minutes is None else f"{sun.moment(minutes, site.zone):%H:%M}"

    line = f"dawn {at(light.dawn)}, sunrise {at(light.sunrise)}, sunset {at(light.sunset)}, dusk {at(light.dusk)}"
    return line + (f" ({light.note})" if light.note else "")


def _sheet(facts: Facts, plan: Plan, day: ShootDay, number: int) -> str:
    sheet, site = facts.sheet, day.slots[0].site
    places = "".join(
        f"<li><b>{escape(sheet.site[s].name or s)}</b> {escape(sheet.site[s].city)} ({sheet.site[s].lat:.4f}, {sheet.site[s].lon:.4f})</li>"
        for s in day.sites
    )
    scenes = "".join(
        f"<tr><td>{clock(facts, slot.site, slot.start)}–{clock(facts, slot.site, slot.end)}</td><td>{escape(slot.scene)}</td>"
        f"<td>{escape(sheet.scene[slot.scene].int_ext)} {escape(sheet.scene[slot.scene].set)}</td>"
        f"<td>{escape(sheet.scene[slot.scene].time)}</td><td>{pages(sheet.scene[slot.scene].eighths)}</td>"
        f"<td>{escape(', '.join(sheet.scene[slot.scene].cast))}</td><td>{escape(_extras(facts, slot.scene))}</td></tr>"
        for slot in day.slots
    )
    cast = "".join(
        f"<tr><td>{escape(who)}</td><td>{escape(sheet.person[who].name)}</td><td>{clock(facts, site, first)}</td>"
        f"<td>{clock(facts, site, last)}</td><td>{escape(', '.join(scenes))}</td></tr>"
        for who, first, last, scenes in cast_calls(facts, day)
    )
    rain = max((facts.chains[sheet.site[s].station].odds(day.date.month) for s in day.sites), default=0)
    following = plan.days[number] if number < len(plan.days) else None
    after = (
        f"Next: {following.date:%a %d %b}, {escape(', '.join(facts.sheet.site[site].name or site for site in following.sites))}"
        if following
        else "Last shooting day"
    )
    return (
        f'<section class="call" id="call-{number}"><h3>Day {number} of {len(plan.days)} · {day.date:%A %d %B %Y}</h3>'
        f"<p><b>Unit call {clock(facts, site, day.call)}</b> · wrap {clock(facts, site, day.wrap)} · {escape(day.kind)} shoot · "
        f"{sun_line(facts, day)} · rain {rain:.0%}</p><ul>{places}</ul>"
        f'<table class="list"><thead><tr><th>Time</th><th>Scene</th><th>Set</th><th>Light</th><th>Pages</th><th>Cast</th><th>Extras, needs</th>'
        f"</tr></thead><tbody>{scenes}</tbody></table>"
        f'<table class="list"><thead><tr><th>Cast</th><th>Performer</th><th>Call</th><th>Done</th><th>Scenes</th></tr></thead>'
        f'<tbody>{cast}</tbody></table><p class="note">{after}</p></section>'
    )


def _extras(facts: Facts, scene_id: str) -> str:
    scene = facts.sheet.scene[scene_id]
    return ", ".join([*([f"{scene.extras} extras"] if scene.extras else []), *scene.needs])
