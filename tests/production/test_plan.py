"""Plans: model, ledger and checker agree to the cent; every rule is kept, and the checker sees each one broken."""

import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import numpy as np
import pytest
import yaml

from frontrow.errors import InputError
from frontrow.production import (
    checker,
    explain,
    facts,
    infeasibility,
    ledger,
    options,
    plan,
    reading,
    replan,
    solve,
)
from frontrow.production.generated import generate
from frontrow.production.improvement import Annealer
from frontrow.production.sequence import assemble, decision_of


def from_text(text: str):
    return facts.derive(reading.read_yaml(text))


def test_the_film_is_planned_without_a_broken_rule_and_below_grouping(film, solved):
    assert checker.check(film, solved.plan) == []
    assert solved.plan.unscheduled == ()
    assert solved.cost <= solved.grouped_cost
    assert solved.bound is not None
    assert solved.bound <= solved.cost


def test_ledger_and_model_agree_to_the_cent(film, solved):
    space = options.space(film)
    search = solve.Search(space, None)
    search.complete_hint(decision_of(space, solved.plan))
    assert search.cost == ledger.price(film, solved.plan).total == solved.cost
    assert {k: v for k, v in search.term_values.items() if v} == ledger.price(film, solved.plan).by_item()


@pytest.mark.parametrize("seed", range(3))
def test_annealing_prices_like_the_ledger_wherever_it_goes(seed: int):
    document = generate(16, 8, 5, 14, np.random.default_rng(seed))
    for person in document["people"]:
        person["drop"] = False
    film = from_text(yaml.safe_dump(document))
    space = options.space(film)
    annealer = Annealer(space, solve.first_decision(space), None, seed)
    for _ in range(5):
        annealer.run(200)
        made = assemble(space, annealer.decision())
        assert not made.unscheduled
        assert annealer.total() == ledger.price(film, made).total
        assert checker.check(film, made) == []


def test_one_worker_and_one_seed_give_one_plan(film):
    plans = [solve.solve(film, seconds=2, seed=3, clock=lambda: 0.0).plan for _ in range(2)]
    assert plans[0] == plans[1]


def test_the_dusk_scene_ends_at_dusk_and_the_dawn_scene_starts_at_dawn(film, solved):
    at = {slot.scene: (day, slot) for day, slot in solved.plan.slots()}
    day, slot = at["7"]
    light = film.light(film.sheet.site[slot.site], day.date)
    assert abs(slot.end - light.dusk) <= 1
    day, slot = at["1"]
    light = film.light(film.sheet.site[slot.site], day.date)
    assert abs(slot.start - light.dawn) <= 1


def broken(film, changed) -> set[str]:
    return {violation.rule for violation in checker.check(film, changed)}


def with_day(solved, index: int, **changes):
    days = list(solved.plan.days)
    days[index] = replace(days[index], **changes)
    return replace(solved.plan, days=tuple(days))


def test_the_checker_sees_each_rule_broken(film, solved):
    days = solved.plan.days
    first = days[0]
    assert "every scene once" in broken(film, replace(solved.plan, days=days[1:]))
    assert "calendar" in broken(film, with_day(solved, 0, date=first.date + timedelta(days=400)))
    assert "calendar" in broken(film, with_day(solved, 0, date=date(2026, 5, 10)))  # a Sunday
    assert "hours of a day" in broken(film, with_day(solved, 0, wrap=first.wrap + 600))
    assert "times" in broken(film, with_day(solved, 0, call=first.call + 200))
    late = tuple(replace(slot, start=slot.start + 900, end=slot.end + 900) for slot in first.slots)
    assert "light" in broken(film, with_day(solved, 0, slots=late, wrap=first.wrap + 900))
    assert "sites" in broken(film, with_day(solved, 0, slots=(replace(first.slots[0], site="beach"), *first.slots[1:])))
    assert "one city a day" in broken(film, with_day(solved, 0, city="Rugen"))
    assert "engagements" in broken(film, replace(solved.plan, engaged={}))
    gone = {who: (*spans, (date(2026, 5, 19), date(2026, 5, 20))) for who, spans in solved.plan.engaged.items()}
    assert "drop and pick-up" in broken(film, replace(solved.plan, engaged=gone))
    doubled = replace(solved.plan, days=(*days, days[-1]))
    assert {"one unit", "every scene once"} <= broken(film, doubled)


def test_the_checker_sees_people_where_they_must_not_be(film, solved):
    sheet = film.sheet
    away = [
        replace(p, unavailable=p.available or (reading._window({"from": "2026-05-01", "to": "2026-06-30"}),))
        for p in sheet.people
    ]
    assert "availability" in broken(replace(film, sheet=replace(sheet, people=tuple(away))), solved.plan)
    young = [replace(p, born=date(2023, 1, 1)) for p in sheet.people]
    assert "minors" in broken(replace(film, sheet=replace(sheet, people=tuple(young))), solved.plan)
    tight = replace(film.pack, least_rest_minutes=22 * 60, days_in_seven=1)
    assert {"rest between days", "days in seven"} <= broken(replace(film, pack=tight), solved.plan)


def test_a_plan_survives_json_and_a_stranger_is_refused(solved):
    assert plan.from_json(solved.plan.to_json()) == solved.plan
    for stranger in ({}, [], {"days": [{}], "engaged": {}}, None):
        with pytest.raises(InputError, match="not one that Frontrow wrote"):
            plan.from_json(stranger)


def test_moving_a_scene_names_its_price_and_what_it_breaks(film, solved):
    where = solved.plan.where()
    moved = explain.move(film, solved.plan, "8", where["1"][0])
    assert "same day" in {violation.rule for violation in moved.broken}
    stay = explain.move(film, solved.plan, "8", where["8"][0])
    assert stay.broken == ()
    after = explain.move(film, solved.plan, "2", date(2026, 5, 20))
    assert after.price == ledger.price(film, after.plan).total - ledger.price(film, solved.plan).total
    with pytest.raises(InputError, match="no scene"):
        explain.move(film, solved.plan, "99", date(2026, 5, 20))
    with pytest.raises(InputError, match="day off"):
        explain.move(film, solved.plan, "8", date(2026, 5, 10))


def test_the_best_other_day_is_never_cheaper_by_more_than_search_left_behind(film, solved):
    reason = explain.why(film, solved.plan, "6")
    allowed = [moved for moved in reason.alternatives if not moved.broken]
    assert [moved.price for moved in allowed] == sorted(moved.price for moved in allowed)
    assert reason.price == (allowed[0].price if allowed else None)


def away_on_the_last_day(film_text, solved):
    """The film with one of the last day's cast away on it: the sheet's facts, and who."""
    last = solved.plan.days[-1].date
    text = film_text.replace("{id: ANNA, ", f"{{id: ANNA, unavailable: [{{from: {last}, to: {last}}}], ")
    return from_text(text)


def test_a_replan_leaves_locked_days_alone_and_names_who_must_be_told(film, film_text, solved):
    locked = solved.plan.days[1].date
    changed = away_on_the_last_day(film_text, solved)
    found = replan.replan(changed, solved.plan, locked_until=locked, seconds=3, workers=1, seed=0, clock=lambda: 0.0)
    assert [day for day in found.plan.days if day.date <= locked] == [
        day for day in solved.plan.days if day.date <= locked
    ]
    assert checker.check(changed, found.plan) == []
    told = {notice.who for notice in replan.notices(changed, solved.plan, found.plan)}
    assert "ANNA" in told
    assert replan.notices(film, solved.plan, solved.plan) == []


def test_a_replan_without_room_names_the_rules_that_clash_rather_than_leaving_a_scene_out(film_text, solved):
    ending = film_text.replace("end: 2026-05-20", f"end: {solved.plan.days[-1].date}")
    changed = away_on_the_last_day(ending, solved)
    locked = solved.plan.days[1].date
    core = replan.replan(changed, solved.plan, locked_until=locked, seconds=3, workers=1, seed=0, clock=lambda: 0.0)
    assert isinstance(core, infeasibility.Core)
    assert core.minimal
    assert {"locked days", "availability of ANNA"} <= set(core.rules)
    kept = infeasibility.Locked(replan.locked_scenes(changed, solved.plan, locked), locked)
    without = {r.rule: r.cost for r in infeasibility.price_relaxations(changed, core, 0, kept)}
    assert without["availability of ANNA"] is not None  # then the old plan is one


def test_of_equal_plans_the_one_that_ends_earliest_is_chosen():
    text = """\
production: {currency: EUR}
scenes: [{id: "1", set: A, cast: [X], minutes: 60}]
sites: [{id: house, sets: [A]}]
people: [{id: X, wage: 100, unavailable: [{from: 2026-03-02, to: 2026-03-03}]}]
crew: {day: 1000}
calendar: {start: 2026-03-02, end: 2026-03-27}
"""
    found = solve.solve(from_text(text), seconds=1, clock=lambda: 0.0)
    assert [day.date for day in found.plan.days] == [date(2026, 3, 4)]
    until = date(2026, 3, 10)  # a day that is locked takes no scene, also where none was on it
    found = solve.solve(from_text(text), seconds=1, clock=lambda: 0.0, locked_until=until)
    assert [day.date for day in found.plan.days] == [date(2026, 3, 11)]


def test_stability_is_charged_for_each_moved_scene(film, solved):
    elsewhere = {scene: day + timedelta(days=400) for scene, (day, _) in solved.plan.where().items()}
    extra = ledger.price(film, solved.plan, elsewhere).total - solved.cost
    assert extra == film.sheet.risk.stability * len(film.sheet.scenes)


def test_stopping_keeps_the_best_plan(film):
    looks = count()
    found = solve.solve(film, seconds=600, clock=time.monotonic, stopped=lambda: next(looks) > 3)
    assert next(looks) < 10  # it ended soon after it was told
    assert not found.plan.unscheduled
    assert checker.check(film, found.plan) == []


def test_a_generated_production_is_planned_well_below_grouping(thirty):
    found = solve.solve(thirty, seconds=4, clock=time.monotonic)
    assert found.status in {"feasible", "optimal"}
    assert found.cost < 0.95 * found.grouped_cost
    assert checker.check(thirty, found.plan) == []


def test_the_cheaper_of_two_sites_plays_a_set():
    text = """\
production: {currency: EUR}
scenes: [{id: "1", set: A, cast: [X], minutes: 60}, {id: "2", set: A, cast: [X], minutes: 60}]
sites: [{id: dear, sets: [A], fee: 900}, {id: cheap, sets: [A], fee: 100}]
people: [{id: X, wage: 100}]
crew: {day: 1000, move: 50}
calendar: {start: 2026-03-02, end: 2026-03-13}
"""
    found = solve.solve(from_text(text), seconds=2, clock=time.monotonic)
    assert found.status == "optimal"
    assert {site for _, site in found.plan.where().values()} == {"cheap"}
    assert found.cost == found.bound == (100 + 100 + 1000 + 50) * 100
