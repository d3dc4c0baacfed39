"""The page of `frontrow delivery report`: every cache replayed, forecast, and asked what more would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frontrow.cli.options import Step
    from frontrow.delivery.replay import Task


def make(tasks: list[Task], notes: list[str], step: Step) -> str:
    """The page as HTML."""
    from frontrow.delivery import replay
    from frontrow.delivery.report import Page, of_cache, render

    outcomes, parts = [], []
    for done, task in enumerate(tasks):
        step(done, len(tasks), task.cache.name)
        outcomes.append(replay.replay(task))
        parts.append(of_cache(task, outcomes[-1]))
    together = {name: replay.add([one[name] for one in outcomes]) for name in outcomes[0]}
    return render(Page.of(parts, together, notes))
