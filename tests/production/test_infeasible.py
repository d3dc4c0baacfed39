# ruff: noqa: E501
"""What cannot hold together is named minimally: without any rule of the core the rest has a plan."""

import time

import numpy as np
import pytest
import yaml

from frontrow.production import facts, infeasibility, options, reading
from frontrow.production.generated import generate
from frontrow.production.infeasibility import Core
from frontrow.production.sequence import Decision, assemble

TEXT = """\
scenes:
  - {{id: "1", set: A, cast: [X], minutes: 300{one}}}
  - {{id: "2", set: A, cast: [X], minutes: 300{two}}}
  - {{id: "3", int_ext: EXT, time: night, set: B, cast: [Y], minutes: 200}}
sites: [{{id: s, sets: [A]{site}}}, {{id: t, sets: [B]{place}}}]
people: [{{id: X{x}}}, {{id: "Y"{y}}}]
calendar: {{start: 2026-03-02, end: {end}{calendar}}}
{locks}
"""


def core_of(**parts: str) -> Core | Decision | None:
    blank = dict.fromkeys(("one", "two", "site", "place", "x", "y", "calendar", "locks"), "") | {"end": "2026-03-13"}
    return infeasibility.find_core(derived(**blank | parts), seconds=20, clock=time.monotonic)


def derived(**parts: str):
    return facts.derive(reading.read_yaml(TEXT.format(**parts)))


def test_a_feasible_sheet_has_no_core_but_a_plan():
    assert isinstance(core_of(), Decision)


@pytest.mark.parametrize(
    ("parts", "rules"),
    [
        (
            {"x": ", available: [{from: 2026-03-02, to: 2026-03-04}]", "site": ", permits: [{from: 2026-03-09, to: 2026-03-13}]"},
            ("availability of X", "permits of s"),
        ),
        (
            {"one": ", before: ['2']", "locks": "locks: [{scene: '1', date: 2026-03-09}, {scene: '2', date: 2026-03-02}]"},
            ("lock of scene 1", "lock of scene 2", "scene 1 before 2"),
        ),
        ({"one": ", same_day: ['2']", "calendar": ", max_hours: 8"}, ("at most 8 hours a day", "scenes 1 and 2 on one day")),
        ({"y": ", born: 2014-01-01"}, ("rules for the minor Y",)),
        ({"place": ", lat: 78.2, lon: 15.6, city: North", "calendar": "", "end": "2026-05-30", "locks": "locks: [{scene: '3', date: 2026-05-20}]"},
         ("light of scene 3 (night exterior)", "lock of scene 3")),
        ({"end": "2026-03-02"}, ("at most 12 hours a day", "end of the calendar on 2026-03-02")),
    ],
)  # fmt: skip
def test_the_core_is_the_rules_that_clash(parts: dict[str, str], rules: tuple[str, ...]):
    core = core_of(**parts)
    assert isinstance(core, Core)
    assert core.rules == rules
    assert core.minimal


def test_dropping_any_rule_of_a_core_makes_a_production_feasible():
    document = generate(30, 12, 8, 20, np.random.default_rng(1))
    document["locks"] = [{"scene": "3", "date": "2026-05-12"}]
    document["scenes"][2]["cast"] = ["P01"]
    document["people"][0].pop("unavailable", None)
    document["people"][0]["unavailable"] = [{"from": "2026-05-11", "to": "2026-05-13"}]
    film = facts.derive(reading.read_yaml(yaml.safe_dump(document)))
    core = infeasibility.find_core(film, seconds=30, clock=time.monotonic)
    assert isinstance(core, Core)
    assert set(core.rules) == {"availability of P01", "lock of scene 3"}
    for rule in core.rules:
        relaxed = infeasibility.relax(film, rule)
        assert isinstance(infeasibility.find_core(relaxed, seconds=30, clock=time.monotonic), Decision)
    priced = infeasibility.price_relaxations(film, core, 0)
    assert priced[0].cost is not None


def test_a_decision_of_the_core_search_is_a_plan_that_keeps_every_rule(film):
    from frontrow.production import checker

    found = infeasibility.find_core(film, seconds=20, clock=time.monotonic)
    assert isinstance(found, Decision)
    assert checker.check(film, assemble(options.space(film), found)) == []
