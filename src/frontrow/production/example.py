# ruff: noqa: E501
"""A small valid sheet to start from, with every field explained in comments."""

from __future__ import annotations

from frontrow.production.fields import MAPS, SECTIONS, TABLES, Field

_SHEET = """\
production: {title: The Ferry, currency: EUR, base: Hamburg, zone: Europe/Berlin}
scenes:
  - {id: "1", heading: EXT. HARBOUR - DAWN, int_ext: EXT, time: dawn, set: HARBOUR, eighths: 6, minutes: 75, cast: [ANNA]}
  - {id: "2", heading: INT. FERRY BRIDGE - DAY, set: BRIDGE, eighths: 20, minutes: 240, cast: [ANNA, OLE], cover: true}
  - {id: "3", heading: EXT. FERRY DECK - DAY, int_ext: EXT, set: DECK, eighths: 14, minutes: 200, cast: [ANNA, OLE, KIM], extras: 20}
  - {id: "4", heading: INT. KITCHEN - NIGHT, time: night, set: KITCHEN, eighths: 18, minutes: 220, cast: [ANNA, KIM], after: ["3"], cover: true}
  - {id: "5", heading: EXT. QUAY - NIGHT, int_ext: EXT, time: night, set: QUAY, eighths: 11, minutes: 180, cast: [OLE], needs: [crane]}
  - {id: "6", heading: INT. SHIPPING OFFICE - DAY, set: OFFICE, eighths: 12, minutes: 150, cast: [OLE, BOSS]}
  - {id: "7", heading: EXT. BEACH - DUSK, int_ext: EXT, time: dusk, set: BEACH, eighths: 5, minutes: 60, cast: [ANNA, OLE]}
  - {id: "8", heading: INT. OFFICE CORRIDOR - DAY, set: CORRIDOR, eighths: 4, minutes: 60, cast: [BOSS, KIM], same_day: ["6"]}
sites:
  - {id: port, name: Old port, sets: [HARBOUR, QUAY, DECK], lat: 53.54, lon: 9.97, city: Hamburg, fee: 2400, permit_fee: 300,
     permits: [{from: 2026-05-04, to: 2026-05-22}]}
  - {id: ship, name: MS Frieda, sets: [BRIDGE, DECK], lat: 53.55, lon: 9.93, city: Hamburg, fee: 3800, prep_days: 1, capacity: 80}
  - {id: studio, name: Studio 2, sets: [KITCHEN, OFFICE, CORRIDOR], lat: 53.59, lon: 10.10, city: Hamburg, fee: 1500}
  - {id: beach, name: Wittow beach, sets: [BEACH], lat: 54.63, lon: 13.39, city: Rugen, fee: 600}
people:
  - {id: ANNA, name: A. Example, wage: 1800, hold: 50}
  - {id: OLE, name: B. Example, wage: 1400, hold: 50, home: Berlin, airport: BER}
  - {id: KIM, name: C. Example, wage: 500, born: 2015-02-01}
  - {id: BOSS, name: D. Example, wage: 900, unavailable: [{from: 2026-05-04, to: 2026-05-08}]}
crew: {day: 21000, hours: 10, heads: 35, hotel: 85, move: 1200, forced_call: 2500, extra: 110, needs: {crane: 950}}
travel:
  - {from: Berlin, to: Hamburg, hours: 2.5, fare: 70}
  - {from: Berlin, to: Rugen, hours: 4, fare: 60}
  - {from: Hamburg, to: Rugen, hours: 3.5, fare: 45}
calendar: {start: 2026-05-04, end: 2026-05-20, days_off: [sunday], holidays: DE}
risk: {wet_mm: 2, loss: 80, wet_share: 35, stability: 300}
"""


_SCRIPT = """\
Title: The Ferry

EXT. HARBOUR - DAWN #1#

ANNA waits with a suitcase. Ole comes.

ANNA
You are late.

OLE (O.S.)
The ferry was.

INT. FERRY - BRIDGE - DAY #2#

Ole at the helm.
"""
_ORDER = """\
ferry
4
3

1 0 1 0   100
1 1 0 1   200
0 1 1 0   300

1 2 3 1
"""
_ORDER_EXPLAINED = """\
# ferry.dat, a talent-scheduling instance

name / number of scenes / number of performers / for each performer a 0 or 1 for each scene, then the wage a day /
the days of each scene. A movie-shoot instance has locations and precedences too: numbers of performers, scenes,
locations and precedences / wages / location costs / days of each scene / location of each scene (from 0) / for each
performer a 0 or 1 for each scene / pairs "earlier later" of scenes (from 0).
"""


def files() -> dict[str, str]:
    """An example by file name for each command: a sheet with what each field means, a script, an order of scenes."""
    return {
        "film.yaml": _SHEET,
        "FIELDS.md": _explained(),
        "film.fountain": _SCRIPT,
        "ferry.dat": _ORDER,
        "ORDER.md": _ORDER_EXPLAINED,
    }


def _explained() -> str:
    lines = ["# Fields of a production sheet", ""]
    for name in SECTIONS:
        fields: tuple[Field, ...] = (MAPS | TABLES)[name]
        lines += [f"## {name}", "", "| field | kind | default | meaning |", "|---|---|---|---|"]
        for field in fields:
            default = "required" if field.required else field.default if field.default not in (None, "") else ""
            lines.append(f"| {field.name} | {field.kind.replace('|', ' or ')} | {default} | {field.what} |")
        lines.append("")
    return "\n".join(lines)
