"""The page of `frontrow delivery report`: replay each cache, forecast its demand, and ask what more would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frontrow.cli.options import Step
    from frontrow.delivery.replay import Outcome, Task
    from frontrow.delivery.report import CachePart

_FACTORS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
_SHOWN = ("frontrow", "planned", "lru", "sieve")
_HORIZON = 48


def make(tasks: list[Task], notes: list[str], step: Step) -> str:
    """The page as HTML."""
    import numpy as np

    from frontrow.delivery import replay
    from frontrow.delivery.report import Page, render

    outcomes, parts = [], []
    for done, task in enumerate(tasks):
        step(done, len(tasks), task.cache.name)
        outcomes.append(replay.replay(task))
        parts.append(_part(task, outcomes[-1]))
    together = {name: replay.add([one[name] for one in outcomes]) for name in outcomes[0]}
    with np.errstate(invalid="ignore", divide="ignore"):
        by_clock = {name: np.nan_to_num(together[name].hit_by_clock / together[name].bytes_by_clock) for name in _SHOWN}
    policies = {
        name: (one.byte_hit_ratio, one.hit_ratio, float(one.fill_bytes), one.origin_peak_bps)
        for name, one in together.items()
    }
    return render(Page(parts, by_clock, policies, [], notes))


def _part(task: Task, outcome: object) -> CachePart:
    import numpy as np

    from frontrow.delivery import forecast, rehearsal
    from frontrow.delivery.replay import HOUR_S
    from frontrow.delivery.report import CachePart
    from frontrow.delivery.requests import file_shares

    outcomes: dict[str, Outcome] = dict(outcome)  # type: ignore[call-overload]
    ours = outcomes["frontrow"]
    log, files, cache = task.log, task.files, task.cache
    hour = log.at_s // HOUR_S
    history = np.bincount(hour - hour[0], files.size[log.object]).astype(float)
    fan = forecast.forecast([history], _HORIZON).quantiles[0]
    share = rehearsal.forecaster(log, files, launch_day=task.launch_day, guess=task.guess)(log.days)
    assert share is not None
    a_day = len(log.object) / log.days
    rate = a_day * share[files.title] * file_shares(log.object, files)
    prices, curve = rehearsal.what_if(cache, files, rate, _FACTORS)
    return CachePart(
        cache.name, cache.disk_bytes, cache.fill_bytes, ours.fill_bytes / max(log.days, 1), ours.byte_hit_ratio,
        float(ours.bytes), history, fan, curve, prices.disk * 1e12, prices.fill * 100e6 / 8 * 6 * 3600,
    )  # fmt: skip
