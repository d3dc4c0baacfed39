"""The page of `frontrow delivery report`: every cache replayed, forecast, and asked what more would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from frontrow.cli.options import Step
    from frontrow.delivery.replay import Task


def make(tasks: list[Task], notes: list[str], worth: npt.NDArray[np.float64] | None, step: Step) -> str:
    """The page as HTML; `worth` (regions, caches) are the links between the tasks' caches."""
    import numpy as np

    from frontrow.delivery import neighbours, replay
    from frontrow.delivery.report import Page, of_cache, render

    outcomes, parts = [], []
    for done, task in enumerate(tasks):
        step(done, len(tasks), task.cache.name)
        outcomes.append(replay.replay(task))
        parts.append(of_cache(task, outcomes[-1]))
    links = None
    if worth is not None:
        demand = np.stack([part.demand for part in parts])
        links = neighbours.plan([task.cache for task in tasks], tasks[0].files, demand, worth)
    return render(Page.of(parts, outcomes, notes, links))
