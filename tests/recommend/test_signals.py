"""From events to weights."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.recommend import signals
from frontrow.recommend.viewer import viewer_from_events
from frontrow.schema import Kind

TITLES = pl.DataFrame(
    {
        "title": ["a", "b", "s", "s1", "s2"],
        "name": ["A", "B", "Series", "One", "Two"],
        "series": ["", "", "", "s", "s"],
    }
)


def events(*rows: tuple) -> pl.DataFrame:
    """member, kind, title, value[, at_ms]."""
    return pl.DataFrame(
        [
            {"seq": seq, "at_ms": row[4] if len(row) > 4 else seq, "kind": str(row[1]), "member": row[0],
             "profile": "", "title": row[2], "value": row[3], "country": ""}
            for seq, row in enumerate(rows)
        ],
        schema_overrides={"value": pl.Float64},
    )  # fmt: skip


def weight(*rows: tuple) -> float:
    found = signals.from_events(events(*rows), TITLES)
    assert len(found.weight) == 1
    return float(found.weight[0])


def test_a_title_given_up_within_minutes_counts_against_and_one_seen_to_the_end_counts_most() -> None:
    assert weight((1, Kind.PLAY, "a", 0), (1, Kind.STOP, "a", 0.02)) < 0
    assert weight((1, Kind.STOP, "a", 0.5)) < weight((1, Kind.STOP, "a", 1.0)) == 1


def test_a_dismissal_wins_over_everything_until_it_is_taken_back() -> None:
    dismissed = ((1, Kind.RATE, "a", 5.0), (1, Kind.DISMISS, "a", None))
    assert weight(*dismissed) == -1
    assert weight(*dismissed, (1, Kind.DISMISS, "a", 0.0)) == 1


def test_ratings_alone_give_weights_that_grow_with_the_stars() -> None:
    assert weight((1, Kind.RATE, "a", 1.0)) < weight((1, Kind.RATE, "a", 3.0)) <= weight((1, Kind.RATE, "a", 5.0)) == 1


def test_episodes_count_towards_their_series() -> None:
    found = signals.from_events(events((1, Kind.STOP, "s1", 1.0), (1, Kind.STOP, "s2", 1.0)), TITLES)
    assert [TITLES["title"][int(t)] for t in found.title] == ["s"]


def test_titles_unknown_to_the_catalogue_are_left_out() -> None:
    assert len(signals.from_events(events((1, Kind.PLAY, "gone", 0)), TITLES).weight) == 0


def test_profiles_of_one_member_are_viewers_of_their_own() -> None:
    frame = events((1, Kind.PLAY, "a", 0), (1, Kind.PLAY, "b", 0)).with_columns(profile=pl.Series(["kids", ""]))
    assert signals.from_events(frame, TITLES).n_viewers == 2


KINDS = st.sampled_from(
    [Kind.PLAY, Kind.PROGRESS, Kind.STOP, Kind.RATE, Kind.LIST, Kind.SEEN, Kind.CLICK, Kind.DISMISS]
)


@given(st.lists(st.tuples(KINDS, st.sampled_from([0.0, 0.02, 0.5, 1.0])), min_size=1, max_size=8))
def test_the_viewer_in_memory_and_the_fit_weigh_the_same(told: list[tuple[Kind, float]]) -> None:
    frame = events(*((1, kind, "a", max(value, 0.5) * 5 if kind == Kind.RATE else value) for kind, value in told))
    fitted = signals.from_events(frame, TITLES)
    viewer = viewer_from_events(frame, 1)
    kept = [watched.weight for watched in viewer.watched.values()]
    assert kept == pytest.approx(fitted.weight.tolist(), abs=1e-6)


def test_columns_keep_the_order_of_time_and_the_newest_of_a_repeated_pair() -> None:
    found = signals.from_columns(
        np.array([7, 7, 7, 9]), np.array(["x", "y", "x", "y"]), ["y", "x"], np.array([1, 2, 3, 1]),
        np.array([5.0, 5.0, 0.5, 4.0]),
    )  # fmt: skip
    assert [viewer for viewer, _ in found.viewers] == [7, 9]
    assert found.title.tolist() == [0, 1, 0]
    assert found.at_ms.tolist() == [2, 3, 1]
    assert found.weight[1] == pytest.approx(0.3)


def test_without_times_the_row_order_is_the_time() -> None:
    found = signals.from_columns(np.array([2, 1, 2]), np.array([5, 5, 3]), [3, 5])
    assert found.title.tolist() == [1, 0, 1]
    assert [viewer for viewer, _ in found.viewers] == [2, 1]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 2]),
            st.sampled_from(signals.KINDS),
            st.sampled_from(["a", "b", "s", "s1", "s2", "gone"]),
            st.one_of(st.none(), st.sampled_from([0.0, 0.02, 0.5, 0.95, 1.0, 4.0])),
            st.integers(0, 5).map(lambda part: part * signals.DAY_MS // 3),
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 40),
    st.lists(st.sampled_from(["", "AT", "DE"]), min_size=40, max_size=40),
)
def test_compacted_events_say_the_same_to_the_bit_wherever_the_log_was_cut(
    rows: list[tuple], cut: int, countries: list[str]
) -> None:
    frame = events(*rows).with_columns(country=pl.Series(countries[: len(rows)]))
    parts = pl.concat([signals.compact(frame[:cut]), signals.compact(frame[cut:])])
    whole, again = signals.from_events(frame, TITLES), signals.from_events(parts, TITLES)
    assert whole.viewers == again.viewers
    for name in ("viewer", "title", "at_ms", "weight"):
        assert np.array_equal(getattr(whole, name), getattr(again, name)), name


def test_a_day_of_progress_is_one_event() -> None:
    reports = [(1, Kind.PROGRESS, "a", n / 50, n) for n in range(50)]
    assert len(signals.compact(events(*reports))) == 1
