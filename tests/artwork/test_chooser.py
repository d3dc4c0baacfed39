"""The chooser on worlds whose best picture is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from frontrow.artwork import chooser, outcomes, report
from frontrow.artwork.chooser import DAY_MS, THEMES, ChooserConfig, Rows
from frontrow.schema import EventColumn

SEGMENTS = ["", "Comedy", "Horror"]
NOW = 1_700_000_000_000


def pictures(count: int = 4) -> list[dict[str, Any]]:
    """Picture k shows more of a face the higher k is."""
    return [{"id": f"p{k}", "reasons": dict.fromkeys(THEMES, 0.5) | {"faces": k / (count - 1)}} for k in range(count)]


def world(titles: int, rows: int, seed: int = 0) -> tuple[dict[str, list[dict[str, Any]]], pl.DataFrame]:
    """Comedy viewers play faces, horror viewers what has none; pictures were shown evenly."""
    rng = np.random.default_rng(seed)
    catalogue = {f"t{k}": pictures() for k in range(titles)}
    segment, picture = rng.integers(3, size=rows), rng.integers(4, size=rows)
    slope = np.array([0.0, 2.0, -2.0])[segment]
    played = rng.random(rows) < 1 / (1 + np.exp(2.2 - slope * (picture / 3 - 0.5)))
    frame = pl.DataFrame(
        {
            "member": np.arange(rows), "title": [f"t{k}" for k in rng.integers(titles, size=rows)],
            "picture": [f"p{k}" for k in picture], "segment": [SEGMENTS[k] for k in segment], "arm": "chosen",
            "propensity": 0.25, "at_ms": NOW, "played": played.astype(float),
            "completion": np.where(played, 0.6, np.nan),
        }
    )  # fmt: skip
    return catalogue, frame.with_columns(pl.col("completion").fill_nan(None))


def fitted(**changes: Any) -> chooser.Chooser:
    catalogue, log = world(6, 8_000)
    return chooser.fit(catalogue, log, SEGMENTS, np.random.default_rng(1), ChooserConfig(**changes))


def test_each_segment_is_mostly_shown_what_it_plays() -> None:
    made = fitted()
    for title in made.pictures:
        _, comedy, horror = made.probabilities[title]
        assert comedy[3] + comedy[2] > 0.8
        assert horror[0] + horror[1] > 0.8


def test_what_other_titles_taught_serves_a_title_that_was_never_shown() -> None:
    catalogue, log = world(6, 8_000)
    made = chooser.fit(catalogue | {"new": pictures()}, log, SEGMENTS, np.random.default_rng(1))
    assert made.probabilities["new"][1][3] > 0.4
    assert made.probabilities["new"][2][0] > 0.4


def test_every_picture_keeps_the_floor_and_probabilities_add_up() -> None:
    made = fitted(floor=0.08)
    for chances in made.probabilities.values():
        assert chances.sum(axis=1) == pytest.approx(1.0)
        assert chances.min() >= 0.08 / 4 - 1e-12


def test_without_any_outcome_pictures_are_drawn_about_evenly() -> None:
    made = chooser.fit({"t": pictures()}, None, SEGMENTS, np.random.default_rng(0))
    assert made.probabilities["t"].min() > 0.05


def test_a_viewer_sees_the_same_picture_all_through_a_period_and_the_propensity_is_that_of_the_draw() -> None:
    made = fitted(sticky_days=7, control=0.0)
    start = NOW // (7 * DAY_MS) * 7 * DAY_MS
    shown = [made.choose("t0", "ann", "Comedy", start + day * DAY_MS) for day in range(7)]
    assert len({x and x.picture for x in shown}) == 1
    counts = np.zeros(4)
    for viewer in range(4_000):
        found = made.choose("t0", f"v{viewer}", "Comedy", start)
        assert found is not None
        place = int(found.picture[1:])
        assert found.propensity == made.probabilities["t0"][1][place]
        counts[place] += 1
    assert counts / 4_000 == pytest.approx(made.probabilities["t0"][1], abs=0.03)


def test_the_control_sees_the_editors_picture_and_a_pin_wins_for_everybody() -> None:
    made = fitted(control=0.5)
    arms = [made.choose("t0", f"v{k}", "", NOW) for k in range(2_000)]
    control = [x for x in arms if x and x.arm == "control"]
    assert 0.45 < len(control) / 2_000 < 0.55
    assert {x.picture for x in control} == {"p0"}
    pinned = made.choose("t0", "v1", "Horror", NOW, pinned="p2")
    assert pinned is not None
    assert (pinned.picture, pinned.propensity, pinned.arm) == ("p2", 1.0, "pinned")
    assert made.choose("unknown", "v1", "", NOW) is None


def test_a_picture_whose_plays_are_soon_broken_off_is_no_longer_drawn() -> None:
    config = ChooserConfig()
    picture = np.repeat([0, 1], 100)
    rows = Rows(
        picture, np.zeros(200, np.intp), np.ones(200), np.where(picture == 0, 0.12, 0.7) + 0.01 * (np.arange(200) % 5)
    )
    assert chooser.clickbait(rows, 2, config).tolist() == [True, False]
    few = Rows(rows.picture[::10], rows.segment[::10], rows.played[::10], rows.completion[::10])
    assert not chooser.clickbait(few, 2, config).any()


def test_a_choice_takes_less_than_two_milliseconds_at_the_99th_percentile_by_looking_up_a_row() -> None:
    made = fitted()
    assert all(isinstance(chances, np.ndarray) for chances in made.probabilities.values())
    assert made.choose("t0", "ann", "no such segment", NOW) == made.choose("t0", "ann", "", NOW)


def event(kind: str, member: int, value: float | None = None, **props: Any) -> dict[str, Any]:
    return dict.fromkeys(EventColumn.ALL) | {
        "kind": kind, "member": member, "title": "t", "decision_id": f"d{member}", "at_ms": NOW, "value": value,
        "props": json.dumps(props) if props else None,
    }  # fmt: skip


def test_a_qualified_play_is_two_minutes_or_a_tenth_and_a_click_is_none() -> None:
    shown = {"picture": "p1", "picture_propensity": 0.5, "segment": "Comedy"}
    events = [event("impression", k, 0, **shown) for k in range(4)]
    events += [event("click", 0), event("stop", 1, 0.05), event("stop", 2, 0.03), event("progress", 3, 0.9)]
    events.append(event("impression", 3, 0, **shown))  # the same picture again is no second draw
    frame = pl.DataFrame(events, infer_schema_length=None)
    short = outcomes.join(frame, {"t": 600.0}).sort("member")
    assert short["played"].to_list() == [0, 0, 0, 1]
    long = outcomes.join(frame, {"t": 3_000.0}).sort("member")  # 5% are two and a half minutes
    assert long["played"].to_list() == [0, 1, 0, 1]
    assert long["propensity"].to_list() == [0.5] * 4


def showings(viewers: int, chosen: float, control: float, seed: int = 0, control_share: float = 0.1) -> pl.DataFrame:
    """Three titles shown to each viewer; rates of qualified plays in the two arms."""
    rng = np.random.default_rng(seed)
    is_control = np.repeat(rng.random(viewers) < control_share, 3)
    played = rng.random(3 * viewers) < np.where(is_control, control, chosen)
    return pl.DataFrame(
        {"member": np.arange(3 * viewers) // 3, "title": [f"t{k % 3}" for k in range(3 * viewers)], "picture": "p0",
         "segment": "", "arm": np.where(is_control, "control", "chosen"), "propensity": 1.0,
         "at_ms": NOW + np.arange(3 * viewers) // 3, "played": played.astype(float), "completion": None}
    )  # fmt: skip


def test_the_report_finds_the_lift_that_is_there_and_says_when_there_is_too_little() -> None:
    found = report.lift(showings(8_000, chosen=0.15, control=0.09))
    assert found.state == "winner"
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 0.06 < found.high
    assert "whenever one looks" in found.sentence
    few = report.lift(showings(60, chosen=0.15, control=0.09))
    assert (few.state, few.low) == ("collecting", None)
    assert report.lift(showings(3, chosen=0.1, control=0.1, control_share=0.0)).effect is None


def test_looking_a_hundred_times_finds_no_lift_where_there_is_none() -> None:
    wrong = 0
    for seed in range(10):
        frame = showings(3_000, chosen=0.3, control=0.3, seed=seed)
        looks = [report.lift(frame.head(k)) for k in range(900, 9_001, 90)]
        wrong += any(x.state in ("winner", "loser") for x in looks)
    assert not wrong  # an interval of a single look is left by two of these ten


def test_pinned_pictures_and_later_showings_of_a_title_compare_nothing() -> None:
    frame = showings(4_000, chosen=0.15, control=0.09)
    plain = report.lift(frame)
    again = frame.with_columns(picture=pl.lit("p1"), at_ms=pl.col("at_ms") + 20 * DAY_MS, played=pl.lit(0.0))
    later = again.filter(pl.col("arm") == "chosen")
    pinned = frame.with_columns(arm=pl.lit("pinned"), title=pl.lit("pinned"))
    more = report.lift(pl.concat([frame, later, pinned], how="vertical_relaxed"))
    assert (more.effect, more.low, more.viewers) == (plain.effect, plain.low, plain.viewers)
    assert more.left_out == {"showings of pinned pictures": len(frame)}


def test_an_arm_of_a_wrong_size_makes_the_report_invalid() -> None:
    found = report.lift(showings(4_000, chosen=0.15, control=0.09, control_share=0.2))
    assert found.state == "invalid"
    assert found.effect is None
    assert any("sample ratio" in fault for fault in found.faults)


def test_a_better_chooser_is_valued_higher_than_the_log_and_one_without_support_is_refused() -> None:
    catalogue, log = world(6, 8_000)
    _, fresh = world(6, 8_000, seed=7)
    made = chooser.fit(catalogue, log, SEGMENTS, np.random.default_rng(1))
    judged = report.judge(fresh, made, np.random.default_rng(2))
    assert judged.refused is None
    assert judged.chosen is not None
    assert judged.chosen.value > judged.logged_value + 0.02
    assert report.judge(fresh.head(60), made, np.random.default_rng(2)).refused
