# ruff: noqa: E501
"""The stripboard and the one-liner: every scene a strip in the trade's colours, days as banners between them."""

from __future__ import annotations

import csv
import io
from html import escape

from frontrow.production import sun
from frontrow.production.facts import Facts
from frontrow.production.plan import Plan, ShootDay, Slot
from frontrow.production.sheet import Scene


def pages(eighths: int) -> str:
    """Eighths of a page as people write them: 11 is "1 3/8"."""
    whole, rest = divmod(eighths, 8)
    return " ".join(part for part in (str(whole) if whole else "", f"{rest}/8" if rest else "") if part) or "0"


def strip_class(scene: Scene) -> str:
    """White for interior day, yellow exterior day, blue interior night, green exterior night, pink dawn and dusk."""
    if scene.time in {"dawn", "dusk"}:
        return "magic"
    return f"{'ext' if scene.exterior else 'int'}-{scene.time}"


def clock(facts: Facts, slot_site: str, minutes: int) -> str:
    """A time on the wall clock of a site."""
    return f"{sun.moment(minutes, facts.sheet.site[slot_site].zone):%H:%M}"


def stripboard(facts: Facts, plan: Plan) -> str:
    """The board as HTML, in shooting order; scenes without a day come last."""
    people = {person.id: number for number, person in enumerate(facts.sheet.people, 1)}
    parts = []
    for number, day in enumerate(plan.days, 1):
        parts += [_strip(facts, day, slot, people) for slot in day.slots]
        scenes = [facts.sheet.scene[slot.scene] for slot in day.slots]
        total = pages(sum(scene.eighths for scene in scenes))
        site = day.slots[0].site
        hours = f"{clock(facts, site, day.call)}–{clock(facts, site, day.wrap)}"
        parts.append(
            f'<div class="banner"><b>End of day {number}</b><span>{day.date:%A %d %B %Y}</span><span>{hours} · {escape(day.kind)} · '
            f"{escape(day.city)}</span><span>{len(scenes)} scene{'s' * (len(scenes) > 1)} · {total} page{'s' * (total != '1')}</span></div>"
        )
    if plan.unscheduled:
        parts.append('<div class="banner warn"><b>Without a day</b></div>')
        parts += [_loose(facts.sheet.scene[scene], people) for scene in plan.unscheduled]
    key = "".join(
        f'<span class="strip-key {name}">{text}</span>'
        for name, text in (
            ("int-day", "INT day"), ("ext-day", "EXT day"), ("int-night", "INT night"), ("ext-night", "EXT night"), ("magic", "dawn, dusk"),
        )
    )  # fmt: skip
    return f'<p class="note">{key}</p><div class="board">{"".join(parts)}</div>'


def _strip(facts: Facts, day: ShootDay, slot: Slot, people: dict[str, int]) -> str:
    scene = facts.sheet.scene[slot.scene]
    time = clock(facts, slot.site, slot.start)
    return _row(scene, people, time, facts.sheet.site[slot.site].name or slot.site)


def _loose(scene: Scene, people: dict[str, int]) -> str:
    return _row(scene, people, "", "")


def _row(scene: Scene, people: dict[str, int], time: str, site: str) -> str:
    cast = ", ".join(f"{people[who]}" for who in scene.cast)
    names = escape(", ".join(scene.cast))
    where = "" if site.upper() in scene.set.upper() else f"<small>{escape(site)}</small>"
    return (
        f'<div class="strip {strip_class(scene)}"><b>{escape(scene.id)}</b><span>{time}</span><span>{escape(scene.int_ext)} '
        f'{escape(scene.time)}</span><span class="set">{escape(scene.set)}{where}</span>'
        f'<span>{pages(scene.eighths)}</span><span class="cast" title="{names}">{cast}</span></div>'
    )


def cast_key(facts: Facts) -> str:
    """Which number on a strip is which performer."""
    rows = "".join(
        f"<li><b>{number}</b> {escape(person.id)}{f' · {escape(person.name)}' if person.name else ''}</li>"
        for number, person in enumerate(facts.sheet.people, 1)
    )
    return f'<ol class="cast-key">{rows}</ol>'


ONE_LINER = ("day", "date", "start", "end", "scene", "int_ext", "set", "time", "pages", "site", "cast", "summary")


def one_liner_rows(facts: Facts, plan: Plan) -> list[tuple[str, ...]]:
    """A row a scene, in the columns of ONE_LINER."""
    rows: list[tuple[str, ...]] = []
    for number, day in enumerate(plan.days, 1):
        for slot in day.slots:
            scene, site = facts.sheet.scene[slot.scene], facts.sheet.site[slot.site]
            rows.append(
                (
                    str(number), day.date.isoformat(), clock(facts, slot.site, slot.start), clock(facts, slot.site, slot.end),
                    scene.id, scene.int_ext, scene.set, scene.time, pages(scene.eighths), site.name or site.id,
                    ", ".join(scene.cast), scene.summary,
                )
            )  # fmt: skip
    return rows


def one_liner_csv(facts: Facts, plan: Plan) -> str:
    """The one-line schedule as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ONE_LINER)
    writer.writerows(one_liner_rows(facts, plan))
    return out.getvalue()


def one_liner_html(facts: Facts, plan: Plan) -> str:
    """The one-line schedule as a table."""
    head = "".join(f"<th>{name.replace('_', '/')}</th>" for name in ONE_LINER)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in one_liner_rows(facts, plan)
    )
    return f'<div class="scroll"><table class="list dated"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
