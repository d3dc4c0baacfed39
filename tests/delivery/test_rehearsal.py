"""A log lived through night by night on a small made-up service, with drills, and the chart's next week."""

from __future__ import annotations

import numpy as np
import pytest

from frontrow.delivery import chart, drills, eviction, rehearsal, replay
from frontrow.delivery.network import Cache
from frontrow.delivery.requests import DAY_S, Files, Log, file_shares, title_counts
from frontrow.errors import InputError

DAYS, TITLES, REQUESTS = 8, 120, 3000


def service(seed: int = 0) -> tuple[Log, Files, np.ndarray]:
    """Requests drawn from shares that drift a little; the last title launches on day 4."""
    rng = np.random.default_rng(seed)
    level = np.log(1 / (rng.permutation(TITLES) + 4.0))
    size = (np.exp(rng.normal(0, 0.5, TITLES))[:, None] * np.array([1.0, 0.4]) * 1e6).astype(np.int64)
    at, objects, shares = [], [], []
    for day in range(DAYS):
        level = level + rng.normal(0, 0.1, TITLES)
        share = np.exp(level)
        share[-1] = share[:-1].sum() * 0.1 if day >= 4 else 0.0
        share /= share.sum()
        shares.append(share)
        title = rng.choice(TITLES, REQUESTS, p=share)
        objects.append(title * 2 + (rng.random(REQUESTS) < 0.3))
        at.append(np.sort(rng.integers(0, DAY_S, REQUESTS)) + day * DAY_S)
    files = Files(size.ravel(), np.repeat(np.arange(TITLES), 2), np.tile([0, 1], TITLES))
    return Log(np.concatenate(at), np.concatenate(objects)), files, np.stack(shares)


LOG, FILES, TRUTH = service()
CACHE = Cache("a", int(FILES.size.sum() * 0.15), int(FILES.size.sum() * 0.03))
SIZE = FILES.size[LOG.object]


def ratio(hits: np.ndarray) -> float:
    return float(SIZE[hits].sum() / SIZE.sum())


def forecaster():
    launch = np.r_[np.full(TITLES - 1, -999), 4]
    return rehearsal.forecaster(LOG, FILES, launch_day=launch, guess=np.r_[np.full(TITLES - 1, np.nan), 0.09])


def test_planned_and_reactive_serves_more_than_every_online_policy():
    ours = ratio(rehearsal.planned_and_reactive(LOG, FILES, CACHE, forecaster()).hits)
    rivals = [ratio(policy(LOG.object, FILES.size, CACHE.disk_bytes)) for policy in eviction.ONLINE.values()]
    assert ours > max(rivals) + 0.01


def test_the_plan_alone_is_near_a_plan_that_knows_the_true_demand():
    ours = rehearsal.plan_alone(LOG, FILES, CACHE, forecaster()).hits
    known = rehearsal.plan_alone(LOG, FILES, CACHE, lambda day, today=None: TRUTH[day] if day else None).hits
    late = LOG.day(5).start
    gap = (SIZE[late:][known[late:]].sum() - SIZE[late:][ours[late:]].sum()) / SIZE[late:].sum()
    assert gap < 0.03


def test_no_night_pushes_more_than_it_can():
    for lived in (rehearsal.plan_alone, rehearsal.planned_and_reactive):
        fills = lived(LOG, FILES, CACHE, forecaster()).fill_bytes
        assert 0 < fills.max() <= CACHE.fill_bytes and fills[0] == 0


def test_nothing_of_a_day_is_known_before_it():
    rng = np.random.default_rng(1)
    cut = LOG.day(5).start
    shuffled = LOG.object.copy()
    shuffled[cut:] = rng.permutation(shuffled[cut:])
    one = rehearsal.planned_and_reactive(LOG, FILES, CACHE, forecaster()).hits
    launch = np.r_[np.full(TITLES - 1, -999), 4]
    other_log = Log(LOG.at_s, shuffled)
    forecast = rehearsal.forecaster(other_log, FILES, launch_day=launch, guess=np.r_[np.full(TITLES - 1, np.nan), 0.09])
    other = rehearsal.planned_and_reactive(other_log, FILES, CACHE, forecast).hits
    assert (one[:cut] == other[:cut]).all()


def test_a_disk_lost_at_the_peak_costs_hits_and_recovers_by_the_next_day():
    whole = rehearsal.planned_and_reactive(LOG, FILES, CACHE, forecaster()).hits
    dead = rehearsal.planned_and_reactive(LOG, FILES, CACHE, forecaster(), dies_at_s=5 * DAY_S + 70_000).hits
    lost, later = slice(LOG.day(5).start, LOG.day(5).stop), LOG.day(7)
    assert dead[lost].sum() < whole[lost].sum()
    assert dead[later].sum() > 0.9 * whole[later].sum()


def test_a_disk_that_is_lost_on_the_hour_is_lost():
    hour = 5 * DAY_S + 16 * 3600  # a look at the day falls on it, a request need not
    whole = rehearsal.planned_and_reactive(LOG, FILES, CACHE, forecaster()).hits
    dead = rehearsal.planned_and_reactive(LOG, FILES, CACHE, forecaster(), dies_at_s=hour).hits
    after = slice(int(np.searchsorted(LOG.at_s, hour)), None)
    assert (whole[: after.start] == dead[: after.start]).all() and dead[after].sum() < whole[after].sum()


def test_drills_touch_what_they_say_and_a_surprise_is_caught():
    found = drills.drill(replay.Task(LOG, FILES, CACHE), tuple(drills.DRILLS), np.random.default_rng(0))
    assert found["forecast-wrong"].bytes == FILES.size[LOG.object].sum()
    assert found["cache-dies"].byte_hit_ratio < found["cache-dies"].undisturbed
    assert found["surprise-hit"].byte_hit_ratio > 0.8
    both = found["cache-dies"] + found["cache-dies"]
    assert both.byte_hit_ratio == found["cache-dies"].byte_hit_ratio


def test_a_replay_names_ours_and_the_peers_and_adds_up_over_caches():
    one = replay.replay(replay.Task(LOG, FILES, CACHE))
    assert set(one) == {"planned", "frontrow", "lru", "sieve", "s3-fifo", "belady"}
    both = replay.add([one["lru"], one["lru"]])
    assert both.bytes == 2 * one["lru"].bytes and both.byte_hit_ratio == pytest.approx(one["lru"].byte_hit_ratio)
    assert one["lru"].origin_by_hour.sum() == one["lru"].bytes - one["lru"].hit_bytes
    assert one["frontrow"].stalled_bytes(0) == one["frontrow"].origin_by_hour.sum()


def test_a_given_plan_serves_exactly_its_files():
    planned = np.argsort(-np.bincount(LOG.object, minlength=len(FILES.size)))[:10]
    cache = Cache("a", int(FILES.size[planned].sum()), 0)
    one = replay.replay(replay.Task(LOG, FILES, cache, planned))
    assert one["planned"].hits == np.isin(LOG.object, planned).sum() == one["frontrow"].hits


def test_a_log_out_of_order_is_refused():
    with pytest.raises(InputError, match="sort"):
        Log(np.array([5, 3]), np.array([0, 0]))


def test_shares_of_a_title_add_up_and_follow_what_is_asked_for():
    share = file_shares(LOG.object, FILES)
    assert np.allclose(np.bincount(FILES.title, share), 1)
    assert 0.6 < share[FILES.slot == 0].mean() < 0.8
    assert title_counts(LOG, FILES).sum() == len(LOG.object)


def test_a_bigger_disk_and_a_faster_fill_are_never_worth_less():
    rate = np.bincount(LOG.object, minlength=len(FILES.size)) / DAYS
    found = rehearsal.what_if(CACHE, FILES, rate, (0.5, 1.0, 2.0, 10.0))
    served, filled = ([value for _, value in curve] for curve in (found.disk, found.fill))
    assert served == sorted(served) and served[-1] == pytest.approx(1) and found.prices.disk > 0
    assert filled == sorted(filled) and filled[-1] == pytest.approx(served[1], rel=0.02)


def weekly() -> chart.Weeks:
    rows = []
    rng = np.random.default_rng(0)
    for week in range(60):
        for title in range(week - 4, week + 6):
            age = week - (title - 6) if title >= week + 5 else week - title + 6
            rows.append((week, title, 0, 1e7 * 0.6**age * np.exp(0.1 * rng.normal()), age))
    table = np.array(rows)
    rank = np.concatenate([(-table[table[:, 0] == week, 3]).argsort().argsort() + 1 for week in range(60)])
    return chart.Weeks(
        *(table[:, i].astype(np.int64) for i in (0, 1, 2)), rank, table[:, 3], table[:, 4].astype(np.int64)
    )


def test_a_chart_that_falls_evenly_is_foreseen():
    weeks = weekly()
    rows, following = chart.features(weeks), chart.beside(weeks, 1)
    past, here = weeks.week < 50, weeks.week == 50
    views, dropping = chart.fit(rows[past], weeks.views[past], following[past]).predict(rows[here], weeks.views[here])
    stayed = ~np.isnan(following[here])
    assert np.abs(views - following[here])[stayed].mean() < 0.25
    assert dropping[~stayed].min() > dropping[stayed].mean()


def test_a_chart_of_a_few_rows_is_refused():
    with pytest.raises(InputError, match="too few"):
        chart.fit(np.ones((3, 2)), np.ones(3), np.array([1.0, np.nan, 1.0]))
