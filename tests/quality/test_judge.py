"""The judge on a world whose right answers are known: findings and one measurement decide, everything else is noise."""

import json

import numpy as np
import pytest

from frontrow.data import artifacts
from frontrow.errors import InputError
from frontrow.quality import features, learning
from frontrow.quality import judge as judging
from frontrow.quality.conformal import Costs, Promise
from frontrow.quality.findings import Finding
from frontrow.quality.judge import JudgeConfig
from frontrow.quality.learning import Example
from frontrow.quality.measurements import FileFacts, Measurements, StreamFacts

QUICK = JudgeConfig(trees=30)


def deliveries(count: int, seed: int, clips: int = 4) -> list[tuple[Example, tuple[Finding, ...], Measurements]]:
    """Reviewers here reject combing always, blur when the picture is dark as well, and mind nothing else."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        dark, combed, blurred, clicks = rng.random(4) < (0.5, 0.2, 0.4, 0.3)
        found = [
            Finding(code, "warn", 3.0, 5.0, float(rng.uniform(0.5, 1)), f"{code} seen")
            for code, there in (("combing", combed), ("blur", blurred), ("click", clicks))
            if there
        ]
        luma = rng.normal(30 if dark else 120, 10, 250).astype(np.float32)
        video = StreamFacts(0, "video", "h264", 10.0, 0.0, "", width=640, height=360, frame_rate=25.0)
        facts = FileFacts("mov", 10.0, int(rng.integers(10**6, 10**7)), (video,))
        measured = Measurements(facts, {"at_s": np.arange(250) / 25, "luma": luma})
        wrong = bool(combed or (blurred and dark))
        if rng.random() < 0.03:
            wrong = not wrong
        example = Example(
            features.describe(found, measured), wrong, f"film {seed}.{number // clips}",
            frozenset({"combing"} if combed else ()),
        )  # fmt: skip
        made.append((example, tuple(found), measured))
    return made


@pytest.fixture(scope="module")
def learnt():
    return learning.fit([example for example, _, _ in deliveries(600, 1)], QUICK, rng=np.random.default_rng(3))


def test_what_reviewers_mind_is_learnt_and_what_they_do_not_mind_is_not(learnt):
    fresh = deliveries(400, 2)
    risk = learnt.risk([example.features for example, _, _ in fresh])
    bad = np.array([example.rejected for example, _, _ in fresh])
    rules = np.array([example.features["rules"] for example, _, _ in fresh])
    assert learning.auc(risk, bad) > max(0.9, learning.auc(rules, bad) + 0.05)


def test_a_risk_of_a_third_means_that_a_third_is_rejected(learnt):
    fresh = deliveries(1_200, 4)
    risk = learnt.risk([example.features for example, _, _ in fresh])
    bad = np.array([example.rejected for example, _, _ in fresh])
    for low, high in ((0, 0.2), (0.2, 0.8), (0.8, 1.01)):
        inside = (risk >= low) & (risk < high)
        error = 3 * np.sqrt(0.25 / inside.sum()) + 0.04
        assert abs(bad[inside].mean() - risk[inside].mean()) < error


def test_of_bad_files_no_more_than_promised_are_approved(learnt):
    fresh = deliveries(1_500, 5)
    decided = [learnt.judge(example.features).decision for example, _, _ in fresh]
    bad = np.array([example.rejected for example, _, _ in fresh])
    approved = np.array([decision == "approve" for decision in decided])
    assert approved.mean() > 0.2
    assert approved[bad].mean() <= learnt.thresholds.approved_bad_bound <= 0.05


def test_the_reasons_of_a_rejection_name_the_finding_with_its_place(learnt):
    example, found, _ = next(x for x in deliveries(100, 6) if x[1] and x[1][0].code == "combing" and x[0].rejected)
    judged = learnt.judge(example.features)
    said = judging.reasons(learnt, judged, example.features, found)
    assert 1 <= len(said) <= 3
    assert any("combing at 0:00:03.000: combing seen" in words for words in said[:2])


def test_the_same_files_and_seed_give_the_same_judge_and_the_published_one_judges_alike(learnt, tmp_path):
    again = learning.fit([example for example, _, _ in deliveries(600, 1)], QUICK, rng=np.random.default_rng(3))
    assert json.dumps(learnt.files()) == json.dumps(again.files())
    artifacts.publish(tmp_path, judging.NAME, learnt.files(), config={}, high_water=0, rows={}, metrics=learnt.told,
                      parents={}, now_ms=0, keep=2)  # fmt: skip
    opened = artifacts.open_current(tmp_path, judging.NAME)
    read = judging.open_files(opened.json("judge.json"), opened.json("trees.json"))
    for example, _, _ in deliveries(20, 7):
        assert read.judge(example.features) == learnt.judge(example.features)
    assert read.config == learnt.config
    assert read.films == learnt.films


def test_a_defect_that_people_confirmed_has_a_probability_of_its_own(learnt):
    fresh = [example for example, _, _ in deliveries(300, 8)]
    share = np.array([learnt.judge(example.features).defects.get("combing", 0.0) for example in fresh])
    there = np.array(["combing" in example.defects for example in fresh])
    assert share[there].min() > share[~there].max()
    assert share[there].mean() > 0.8


def test_with_few_labels_rules_speak_and_what_they_leave_open_goes_to_a_person():
    few = learning.fit([example for example, _, _ in deliveries(40, 9)], QUICK, rng=np.random.default_rng(0))
    assert not few.members
    clean = features.describe([], None)
    warned = features.describe([Finding("blur", "warn", 0, 1, 1.0, "")], None)
    wrong = features.describe([Finding("black", "error", 0, 1, 0.9, "")], None)
    unsure = features.describe([Finding("black", "error", 0, 1, 0.3, "")], None)
    assert [few.judge(row).decision for row in (clean, warned, wrong, unsure)] == [
        "approve", "review", "reject", "review",
    ]  # fmt: skip
    read = judging.open_files(*json.loads(json.dumps(list(few.files().values()))))
    assert read.judge(warned) == few.judge(warned)


def test_a_file_that_cannot_be_read_is_rejected_whatever_was_learnt(learnt):
    row = features.describe([Finding("unreadable", "error", 0, 0, 1.0, "cut off")], None)
    assert learnt.judge(row).decision == "reject"


def test_another_promise_or_cost_moves_the_thresholds_without_a_new_fit(learnt):
    strict = learnt.promising(Promise(alpha=0.03, beta=0.03))
    dear = learnt.promising(learnt.config.promise, Costs(wrong_approve=1e6))
    assert strict.thresholds.approve_below < learnt.thresholds.approve_below
    assert strict.thresholds.reject_above > learnt.thresholds.reject_above
    assert dear.thresholds.approve_below <= 1e-6
    assert learnt.promising(learnt.config.promise).thresholds == learnt.thresholds


def test_a_rarer_fault_among_deliveries_lowers_every_risk_and_moves_no_decision(learnt):
    examples = [example for example, _, _ in deliveries(600, 1)]
    rare = learning.fit(examples, JudgeConfig(trees=30, bad_share=0.02), rng=np.random.default_rng(3))
    fresh = [example.features for example, _, _ in deliveries(60, 10)]
    assert (rare.risk(fresh) < learnt.risk(fresh)).all()
    assert [rare.judge(x).decision for x in fresh] == [learnt.judge(x).decision for x in fresh]


def test_clips_of_one_film_are_never_on_both_sides_of_a_fold():
    films = np.repeat([f"film {i}" for i in range(40)], 5)
    bad = np.arange(200) % 3 == 0
    for learn, test in learning.folds(bad, films, 5, np.random.default_rng(0)):
        assert not set(films[learn]) & set(films[test])


def test_scores_teach_more_than_yes_and_no():
    rng = np.random.default_rng(11)
    x = rng.normal(size=(500, 8))
    score = -(x[:, 0] + 0.5 * x[:, 1]) + 0.6 * rng.normal(size=500)
    bad = score <= np.quantile(score[:250], 0.15)
    rows = [{f"f{i}": float(value) for i, value in enumerate(row)} for row in x]
    config = JudgeConfig(trees=30, least_bad=20)
    found = {}
    for graded in (False, True):
        examples = [
            Example(rows[i], bool(bad[i]), str(i), score=float(score[i]) if graded else None) for i in range(250)
        ]
        judge = learning.fit(examples, config, rng=np.random.default_rng(0))
        found[graded] = learning.auc(judge.risk(rows[250:]), bad[250:])
    assert found[True] > found[False]


def test_a_feature_that_is_infinite_is_refused_by_name():
    examples = [Example({"a": np.inf if i else 0.0, "rules": float(i)}, i % 2 == 0, str(i)) for i in range(4)]
    with pytest.raises(InputError, match="feature 'a'"):
        learning.fit(examples, rng=np.random.default_rng(0))


def test_features_of_a_file_without_findings_or_series_are_numbers_all_the_same():
    row = features.describe([], Measurements(FileFacts("mov", 0.0, 0, ()), None))
    assert row["blur.share"] == 0
    assert row["facts.duration_s"] == 0
