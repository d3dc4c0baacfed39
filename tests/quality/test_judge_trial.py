"""Comparing a new judge with the current one, and watching the one that works: drift and audits."""

from dataclasses import replace

import numpy as np
import pytest

from frontrow.errors import InputError
from frontrow.quality import drift, learning, trial
from frontrow.quality.judge import JudgeConfig
from frontrow.quality.learning import Example

QUICK = JudgeConfig(trees=20)


def files(count: int, seed: int, noise: float = 0.3) -> list[Example]:
    rng = np.random.default_rng(seed)
    value = rng.normal(size=count)
    bad = value + noise * rng.normal(size=count) > 0.8
    return [
        Example(
            {"value": float(value[i]), "other": float(rng.normal()), "rules": 0.1}, bool(bad[i]), f"{seed}.{i // 3}"
        )
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def judges():
    good = learning.fit(files(600, 1), QUICK, rng=np.random.default_rng(0))
    shuffled = [replace(x, rejected=y.rejected) for x, y in zip(files(600, 1), files(600, 2), strict=True)]
    return good, learning.fit(shuffled, QUICK, rng=np.random.default_rng(0))


def test_a_judge_that_learnt_from_mixed_up_verdicts_does_not_take_the_place_of_a_good_one(judges):
    good, mixed = judges
    held = files(300, 3)
    assert trial.compare(good, mixed, held).passed
    refused = trial.compare(mixed, good, held)
    assert not refused.passed
    assert "nats a file against the current judge" in refused.reason


def test_a_judge_that_breaks_its_promise_on_held_back_files_is_refused_even_as_the_first(judges):
    lax = replace(judges[1], thresholds=replace(judges[1].thresholds, approve_below=2.0))
    refused = trial.compare(lax, None, files(300, 3))
    assert not refused.passed
    assert "at most 5.0% was promised" in refused.reason


def test_the_first_judge_is_held_against_rules_alone(judges):
    good, mixed = judges
    held = [replace(x, features={**x.features, "rules": 0.9 if x.rejected else 0.1}) for x in files(300, 3)]
    refused = trial.compare(mixed, None, held)
    assert not refused.passed
    assert "nats a file against rules alone" in refused.reason
    assert trial.compare(good, None, files(300, 3)).passed


def test_too_few_held_back_files_refuse_nobody_and_say_so(judges):
    held = files(15, 3)
    assert trial.compare(judges[1], judges[0], held).reason.startswith("not compared")


def test_the_judge_that_is_compared_with_itself_passes(judges):
    assert trial.compare(judges[0], judges[0], files(300, 3)).passed


def test_held_back_films_are_whole_and_none_that_the_current_judge_has_seen(judges):
    examples = files(600, 1)[:300] + files(300, 4)
    learn, held = trial.hold_back(examples, 0.4, np.random.default_rng(0), seen=judges[0].films)
    held_films = {x.film for x in held}
    assert held_films
    assert not held_films & {x.film for x in learn}
    assert not held_films & judges[0].films
    assert len(learn) + len(held) == len(examples)


def test_the_report_counts_what_was_approved_of_the_bad(judges):
    held = files(300, 5)
    report = trial.evaluate(judges[0], held)
    decided = [judges[0].judge(x.features).decision for x in held]
    bad_approved = sum(d == "approve" and x.rejected for d, x in zip(decided, held, strict=True))
    assert report.bad_approved == bad_approved / report.bad
    assert report.bad_approved_low <= report.bad_approved <= report.bad_approved_high
    assert report.auc > 0.9


def test_a_feature_that_moved_comes_first_and_one_that_did_not_is_not_called_shifted():
    rng = np.random.default_rng(0)
    old = {name: rng.normal(size=800) for name in "abc"}
    new = {"a": rng.normal(size=400), "b": rng.normal(size=400) + 1, "c": np.where(rng.random(400) < 0.4, np.nan, 0.1)}
    found = drift.shifts(old, new)
    assert {shift.feature for shift in found if shift.shifted} == {"b", "c"}
    assert found[-1].feature == "a"


def test_the_same_deliveries_are_called_shifted_in_none_of_200_comparisons():
    rng = np.random.default_rng(1)
    called = [
        drift.shifts({"a": rng.lognormal(size=300)}, {"a": rng.lognormal(size=150)})[0].shifted for _ in range(200)
    ]
    assert sum(called) == 0


def test_audits_that_are_looked_at_every_night_raise_no_false_alarm_more_often_than_delta():
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(100):
        overturned, upheld = 0, 0
        for _ in range(40):  # each night: 1,000 files, 100 bad, 4% of the bad approved; all approvals of 25 audited
            hits = rng.binomial(25, 4 / 800)
            overturned, upheld = overturned + hits, upheld + 25 - hits
        nights = 40
        alarms += drift.check(overturned, upheld, 800 * nights, 96 * nights, alpha=0.05, delta=0.1).broken
    assert alarms <= 10


def test_a_judge_that_lets_a_third_of_the_bad_through_is_found_out_by_its_audits():
    said = drift.check(overturned=14, upheld=386, approved=20_000, bad_seen=1_400)
    assert said.broken
    assert said.approved_bad_low < 1 / 3 < said.approved_bad_high


def test_before_the_first_audit_anything_is_possible_and_nothing_is_alleged():
    said = drift.check(0, 0, 0, 0)
    assert (said.low, said.high) == (0.0, 1.0)
    assert not said.broken
    with pytest.raises(InputError, match="audited"):
        drift.check(3, 0, 2, 0)


@pytest.mark.parametrize("share", [0.01, 0.2])
def test_the_always_valid_interval_covers_the_truth_at_every_look(share):
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(40):
        hits = np.cumsum(rng.random(400) < share)
        looks = [(int(hits[n - 1]), int(n - hits[n - 1])) for n in (20, 100, 400)]
        missed += any(not low <= share <= high for low, high in (drift.sequence(*look, 0.1) for look in looks))
    assert missed <= 4
