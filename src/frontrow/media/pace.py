"""Progress of a pass over media as people read it: seconds done, and the speed as a multiple of real time."""

from __future__ import annotations

import time
from collections.abc import Callable

from frontrow.media.guard import Progress

Step = Callable[[int, int, str], None]
"""Progress: (done, total, note), in whole seconds of media."""
_SOON_S = 0.5  # before that a speed is noise


def told(step: Step | None) -> Progress | None:
    """What a guarded child's progress is given to, so that `step` hears of it; None where nobody listens."""
    if step is None:
        return None
    began, first_s = time.monotonic(), -1.0

    def tell(done_s: float, total_s: float, note: str) -> None:
        nonlocal began, first_s
        if first_s < 0 or done_s < first_s:
            began, first_s = time.monotonic(), done_s
        passed_s = time.monotonic() - began
        speed = (done_s - first_s) / passed_s if passed_s > _SOON_S else 0.0
        shown = f"{speed:.{0 if speed >= 10 else 1}f} x real time" if speed else ""
        step(int(done_s), int(total_s), " ".join(x for x in (note, shown) if x))

    return tell
