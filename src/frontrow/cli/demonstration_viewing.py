"""Made-up playbacks for the demo: labelled as generated wherever they are shown, so that its pages are not empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frontrow.data.events import EventLog
from frontrow.data.ids import derive_id
from frontrow.data.replay import outer_members
from frontrow.delivery import generator, viewing
from frontrow.delivery.controller import TableController
from frontrow.delivery.generator import GeneratorConfig, Kind, LineModel
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.simulator import WEB_PLAYER
from frontrow.jobs.delivery import REGIONS, region_of
from frontrow.jobs.policies import CURRENT, SHIPPED
from frontrow.schema import Event
from frontrow.schema import Kind as EventKind

if TYPE_CHECKING:
    from frontrow.config import Settings
    from frontrow.data.workspace import Workspace

SESSIONS = 700
_RATES_KBPS = np.array([90.0, 200.0, 380.0, 620.0])  # about those of the demo's film
_SEGMENTS = 149
_MOBILE = {"islands": 0.8, "west": 0.5}  # share of poor, restless lines by region; elsewhere a fifth
_EVENING = np.array([2, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 4, 5, 4, 4, 4, 5, 6, 8, 10, 11, 10, 7, 4], float)  # by hour
_HOUR_MS = 3_600_000


def add(place: Workspace, settings: Settings, title: str, now_ms: int, seed: int) -> int:
    """Log a day of playbacks of `title`; returns how many."""
    rng = np.random.default_rng(seed)
    members = outer_members(place.log)
    if not len(members):
        return 0
    who = rng.integers(len(members), size=SESSIONS)
    inner, outer = members["member"].to_numpy()[who], members["outer"].to_list()
    region = [REGIONS[i] for i in region_of(inner)]
    mobile = np.array([rng.random() < _MOBILE.get(name, 0.2) for name in region])
    kinds = _lines(1500.0, 0.3), _lines(330.0, 0.9)
    wired, cells = (generator.generate(kind, SESSIONS, 600.0, rng) for kind in kinds)
    traces = [cells[n] if is_mobile else wired[n] for n, is_mobile in enumerate(mobile)]
    film = Manifest(4.0, _RATES_KBPS, rng.uniform(0.7, 1.3, (_SEGMENTS, 1)) * _RATES_KBPS * 4.0)
    controller = TableController(SHIPPED.table(film))
    made = viewing.sessions(traces, film, WEB_PLAYER, controller, viewing.Taste(base=-2.0, slope=0.5), rng)
    events = []
    hours_ago = rng.choice(24, SESSIONS, p=_by_hours_ago(now_ms))
    for n, reports in enumerate(made):
        began_ms = now_ms - int((hours_ago[n] + rng.random()) * _HOUR_MS)
        for k, props in enumerate(reports):
            events.append(
                Event(
                    id=derive_id("demo-playback", str(n), str(k)), at_ms=min(began_ms + 32_000 * k, now_ms),
                    title=title, kind=EventKind.QOE, member=outer[who[n]], session=derive_id("demo-session", str(n)),
                    device="web",
                    props=props | {"generated": True, "controller": CURRENT},
                )
            )  # fmt: skip
    with EventLog(place.log, settings.events) as log:
        log.append(events)
    return SESSIONS


def _lines(kbps: float, spread: float) -> LineModel:
    """Lines around a rate, without any measured: their levels and their moves are normal."""
    from scipy.special import ndtri

    levels = np.log(kbps) + 0.5 * ndtri((np.arange(32) + 0.5) / 32)
    shape = ndtri((np.arange(128) + 0.5) / 128)
    kind = Kind(1.0, levels, np.full(32, spread), np.full(32, 1 / 32), shape, slow=0.95, quick=0.3, slow_share=0.7)
    return LineModel(GeneratorConfig(step_s=4.0), [kind])


def _by_hours_ago(now_ms: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    hour = now_ms // _HOUR_MS % 24
    weights = _EVENING[(hour - np.arange(24)) % 24]
    return np.asarray(weights / weights.sum())
