"""The nightly comes once a day at its time, and once for all the nights that were missed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.jobs.queue import Queue
from frontrow.jobs.schedule import NIGHTLY, next_run_ms, submit_when_due

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
times = st.builds(lambda h, m: f"{h:02d}:{m:02d}", st.integers(0, 23), st.integers(0, 59))
moments = st.integers(0, 4_000_000_000_000)


@settings(deadline=None)
@given(at=times, after_ms=moments)
def test_the_next_run_shows_the_time_and_lies_within_a_day(at: str, after_ms: int) -> None:
    due_ms = next_run_ms(at, after_ms)
    assert after_ms < due_ms <= after_ms + DAY_MS
    assert f"{datetime.fromtimestamp(due_ms / 1000, UTC):%H:%M:%S.%f}" == f"{at}:00.000000"


@settings(deadline=None)
@given(at=times, after_ms=moments)
def test_runs_follow_each_other_by_a_day(at: str, after_ms: int) -> None:
    due_ms = next_run_ms(at, after_ms)
    assert next_run_ms(at, due_ms) == due_ms + DAY_MS
    assert next_run_ms(at, due_ms - 1) == due_ms


def test_the_nightly_is_submitted_once_a_night_and_missed_nights_count_once(tmp_path: Path) -> None:
    start = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp() * 1000)
    now = start
    with Queue(tmp_path / "jobs.db", lambda: now) as queue:

        def hour_passes() -> bool:
            nonlocal now
            now += HOUR_MS
            number = submit_when_due(queue, "03:30", start)
            if number is None:
                return False
            job = queue.claim("w")
            assert job is not None
            queue.finish(job, None)
            return True

        assert [hour for hour in range(1, 73) if hour_passes()] == [16, 40, 64]
        now += 5 * DAY_MS  # the machine was off
        assert [hour for hour in range(1, 13) if hour_passes()] == [1]


def test_a_nightly_that_waits_or_runs_is_not_submitted_again(tmp_path: Path) -> None:
    now = 0
    with Queue(tmp_path / "jobs.db", lambda: now) as queue:
        now = DAY_MS
        first = submit_when_due(queue, "03:30", 0)
        now = 3 * DAY_MS
        assert submit_when_due(queue, "03:30", 0) == first
        assert len(queue.list(kind=NIGHTLY)) == 1


def test_a_fit_by_hand_after_the_hour_is_that_nights_fit(tmp_path: Path) -> None:
    now = 4 * HOUR_MS
    with Queue(tmp_path / "jobs.db", lambda: now) as queue:
        job_id = queue.submit(NIGHTLY, {})
        queue.claim("w", job_id=job_id)
        now += 5 * HOUR_MS
        assert submit_when_due(queue, "03:30", 0) is None


def test_a_clock_that_was_set_back_stops_no_nightly(tmp_path: Path) -> None:
    real = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp() * 1000)
    now = real + 400 * DAY_MS  # a clock far ahead
    with Queue(tmp_path / "jobs.db", lambda: now) as queue:
        queue.submit("nightly", {})
        job = queue.claim("w")
        assert job is not None
        queue.finish(job, None)
        now = real
        submitted = []
        for _ in range(48):
            now += HOUR_MS
            if number := submit_when_due(queue, "03:30", real):
                submitted.append(number)
                assert queue.cancel(number)
        assert len(submitted) == 2
