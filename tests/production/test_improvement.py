"""The compiled search: it prices like the ledger, keeps the checker's rules, and takes back what it tried."""

from random import Random

import numpy as np
import pytest
import yaml

from frontrow.production import board, checker, evaluation, facts, ledger, moves, options, reading, solve
from frontrow.production.generated import generate
from frontrow.production.improvement import Annealer
from frontrow.production.sequence import Decision, assemble


def varied(seed: int) -> facts.Facts:
    """A generated production with twilight, minors, short hours, rented things, extras, permits and same days."""
    chance = Random(seed)
    sheet = generate(chance.randrange(10, 34), 9, 6, chance.randrange(10, 22), np.random.default_rng(seed), cities=3)
    names = [scene["id"] for scene in sheet["scenes"]]
    for person in sheet["people"]:
        person["drop"] = False  # the plain plan below drops nobody
        person |= {"born": "2014-03-03"} if chance.random() < 0.15 else {"hours": chance.randrange(6, 12)}
    for scene in sheet["scenes"]:
        if scene["int_ext"] == "EXT" and chance.random() < 0.3:
            scene["time"] = chance.choice(("dawn", "dusk"))
        scene |= {"needs": chance.sample(("crane", "rain"), chance.randrange(3)), "extras": chance.randrange(20)}
        if chance.random() < 0.1:
            scene["same_day"] = [chance.choice([name for name in names if name != scene["id"]])]
    for site in sheet["sites"]:
        if chance.random() < 0.2:
            dates = {"from": sheet["calendar"]["start"], "to": sheet["calendar"]["end"]}
            site["permits"] = [dates | {"open": "07:00", "close": "22:00"}]
    sheet["crew"] |= {"needs": {"crane": 950, "rain": 300}, "extra": 100}
    return facts.derive(reading.read_yaml(yaml.safe_dump(sheet)))


@pytest.mark.parametrize("seed", range(12))
def test_it_prices_like_the_ledger_and_breaks_no_rule_wherever_it_goes(seed: int):
    film = varied(seed)
    space = options.space(film)
    chance = Random(seed)
    previous = {s.id: chance.randrange(len(space.dates)) for s in space.scenes if chance.random() < 0.5}
    annealer = Annealer(space, solve.first_decision(space), previous, seed)
    before = {scene: space.dates[at] for scene, at in previous.items()}
    for _ in range(3):
        annealer.run(2000)
        made = assemble(space, annealer.decision())
        extras = sum(film.sheet.scene[slot.scene].extras * film.sheet.crew.extra for _, slot in made.slots())
        searched = annealer.total() - annealer.left_out * film.left_out_price + extras
        assert searched == ledger.price(film, made, before).total
        assert annealer.left_out == len(made.unscheduled)
        assert {broken.rule for broken in checker.check(film, made)} <= {"every scene once"}


@pytest.mark.parametrize("seed", range(3))
def test_what_is_taken_back_leaves_no_trace(seed: int):
    space = options.space(varied(seed))
    annealer = Annealer(space, solve.first_decision(space), None, seed)
    t, b = annealer.tables, annealer.board

    def standing() -> list[object]:
        days = len(t.ordinal)
        contents = [sorted(b.contents[d, 1 : b.contents[d, 0] + 1].tolist()) for d in range(days + 1)]
        numbers = b.dates[: days + 1, : board.FIRST_SITE].tolist()
        arrays = [a.tolist() for a in (b.option, b.units[:, board.DATE], b.works, b.path, b.people, b.changed[:, 1])]
        return [contents, numbers, *arrays, b.now[: board.NEW_UNIT_COST].tolist()]

    before, allowed = standing(), 0
    for _ in range(300):
        moves.propose(t, b)
        total = evaluation.evaluate(t, b)
        evaluation.take_back(t, b, total != board.BROKEN)
        allowed += total != board.BROKEN
        assert standing() == before
    assert allowed > 10


def test_a_decision_that_no_longer_works_is_taken_over_as_far_as_it_does():
    film = varied(4)
    space = options.space(film)
    start = solve.first_decision(space)
    first = min(start.scenes)
    everything = tuple(item for items in start.scenes.values() for item in items)
    annealer = Annealer(space, Decision(start.modes, {first: everything}), None, 0)
    assert annealer.left_out == len(space.scenes)
    kept = Annealer(space, Decision(start.modes, {first: start.scenes[first]}), None, 0)
    assert kept.decision().scenes == {first: tuple(sorted(start.scenes[first]))}
