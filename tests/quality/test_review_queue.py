"""Which file a person should look at next, when it is settled, and what audits say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.quality import review
from frontrow.quality.review import Case


def case(name: str = "a", risk: float = 0.5, audit: bool = False, views: float = 1.0, **said: str) -> Case:
    return Case(name, risk, "approve" if audit else "review", audit, views, said)  # type: ignore[arg-type]


def test_an_unsure_file_that_many_will_watch_comes_first() -> None:
    sure = case("sure", risk=0.95, views=100)
    unsure_and_seen = case("unsure and seen", risk=0.5, views=100)
    unsure_and_unseen = case("unsure and unseen", risk=0.5, views=2)
    ordered = review.queue([sure, unsure_and_unseen, unsure_and_seen])
    assert [each.id for each in ordered] == ["unsure and seen", "sure", "unsure and unseen"]


def test_one_voice_settles_a_file_unless_it_contradicts_a_clear_opinion_of_the_machine() -> None:
    assert review.standing(case(risk=0.5, ann="reject")).outcome == "reject"
    assert review.standing(case(risk=0.05, ann="approve")).outcome == "approve"
    assert review.standing(case(risk=0.05, ann="reject")).state == "second"
    assert review.standing(case(risk=0.95, ann="approve")).state == "second"
    assert review.standing(case(risk=0.05, ann="reject", bob="reject")).outcome == "reject"


def test_reviewers_who_disagree_wait_for_a_third_whose_voice_decides() -> None:
    split = case(ann="reject", bob="approve")
    assert review.standing(split).state == "disputed"
    assert review.queue([split], "ann") == []
    assert review.queue([split], "eve") == [split]
    assert review.standing(case(ann="reject", bob="approve", eve="approve")).outcome == "approve"


def test_what_a_reviewer_skipped_comes_back_last_and_for_others_in_its_place() -> None:
    skipped, other = case("skipped", risk=0.5, ann="skip"), case("other", risk=0.9)
    assert [each.id for each in review.queue([skipped, other], "ann")] == ["other", "skipped"]
    assert [each.id for each in review.queue([skipped, other], "bob")] == ["skipped", "other"]


def test_an_audit_is_looked_at_although_the_machine_is_sure() -> None:
    audited, sure = case("audited", risk=0.001, audit=True), case("sure", risk=0.99)
    assert [each.id for each in review.queue([sure, audited])] == ["audited", "sure"]


def test_two_percent_of_approvals_are_audited_and_the_same_ones_each_time() -> None:
    drawn = [number for number in range(20_000) if review.is_audited(f"inspection {number}")]
    assert len(drawn) == pytest.approx(400, abs=60)
    assert drawn == [number for number in range(20_000) if review.is_audited(f"inspection {number}")]
    assert drawn != [number for number in range(20_000) if review.is_audited(f"inspection {number}", seed=1)]


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_audits_interval_holds_the_share_and_narrows_with_looks(bad: int, good: int) -> None:
    low, high = review.interval(bad, bad + good)
    assert 0 <= low <= high <= 1
    if bad + good:
        assert low <= bad / (bad + good) <= high
        narrower = review.interval(10 * bad, 10 * (bad + good))
        assert narrower[1] - narrower[0] < high - low


def test_no_bad_file_in_fifty_nine_shows_that_less_than_a_sixteenth_is_bad() -> None:
    assert review.interval(0, 59) == (0.0, pytest.approx(1 - 0.025 ** (1 / 59)))


def test_only_audits_count_in_the_audit_and_only_once_they_are_settled() -> None:
    cases = [case("good", risk=0.01, audit=True, ann="approve"), case("not yet", risk=0.01, audit=True),
             case("bad", risk=0.01, audit=True, ann="reject", bob="reject"), case("no audit", ann="reject"),
             case("one voice against the machine", risk=0.01, audit=True, ann="reject")]  # fmt: skip
    assert review.audit(cases) == review.Audit(drawn=4, looked=2, bad=1)


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["approve", "reject", "skip"])), st.floats(0, 1))
def test_whoever_votes_a_file_is_settled_exactly_when_it_has_an_outcome(said: dict[str, str], risk: float) -> None:
    where = review.standing(case(risk=risk, **said))
    assert (where.state == "settled") == (where.outcome is not None)
    mirrored = {who: {"approve": "reject", "reject": "approve"}.get(word, word) for who, word in said.items()}
    assert review.standing(case(risk=1 - risk, **mirrored)).state == where.state


def test_precision_of_a_code_counts_what_reviewers_agree_on() -> None:
    judged = [("black", {"ann": "right"}), ("black", {"ann": "wrong", "bob": "wrong"}),
              ("black", {"ann": "right", "bob": "wrong"}), ("hum", {"ann": "right"})]  # fmt: skip
    black, click, hum = review.scores(judged, ["click"])
    assert (black.right, black.wrong, black.precision) == (1, 1, 0.5)
    assert (click.missed, click.precision) == (1, None)
    assert (hum.right, hum.precision) == (1, 1.0)


def test_agreement_counts_pairs_of_reviewers_of_one_file() -> None:
    assert review.agreement([case(ann="reject", bob="reject"), case(ann="reject", bob="approve", eve="skip")]) == (1, 2)
