"""Why this title, why not that one, and what has changed since yesterday."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from frontrow.errors import UnknownTitle
from frontrow.recommend import rules
from frontrow.recommend.answer import Because
from frontrow.recommend.explain import terms
from frontrow.recommend.standing import stand
from frontrow.recommend.viewer import Viewer

if TYPE_CHECKING:
    from frontrow.recommend.model import Model

DAY_MS = 86_400_000
SHOWN = 5


class Why(msgspec.Struct, frozen=True):
    """What decided on one title for one viewer.

    `place` is its rank among everything the viewer may be shown, from 1; None where `hidden` says why it is not shown.
    `because` are the largest terms of its score with their shares of all that adds to it; `against` those that take
    most away. `from_everybody` is the share of popularity. `place_yesterday` leaves out the last day's events.
    """

    title: Any
    name: str
    text: str
    place: int | None
    of: int
    hidden: list[str]
    because: list[Because]
    against: list[Because]
    from_everybody: float
    place_yesterday: int | None = None
    ahead: str = ""
    """Name of the best title in front of it."""


def explain(model: Model, viewer: Viewer, title: Any, *, now_ms: int) -> Why:
    """Everything about one title for one viewer. Raises UnknownTitle."""
    position = model.index.get(model.series.get(title, title))
    if position is None:
        raise UnknownTitle(f"no title {title!r} in the model; is it in the catalogue, and was the model fitted since?")
    standing = stand(model, viewer, now_ms)
    may = rules.allowed(model.rules, viewer.country, viewer.age_limit, now_ms) & ~standing.blocked
    hidden = _hidden(model, viewer, position, now_ms)
    ahead = may & (standing.score > standing.score[position])
    place = None if hidden else int(ahead.sum()) + 1
    added = terms(model, standing, np.array([position]))[:, 0]
    everybody = max(float(standing.crowd.part[position]), 0.0)
    total = max(float(np.maximum(added, 0).sum()) + everybody, 1e-12)

    def named(order: np.ndarray[Any, Any]) -> list[Because]:
        return [
            Because(model.ids[h], model.names[h], round(float(abs(added[i])) / total, 4))
            for i, h in zip(order.tolist(), standing.history[order].tolist(), strict=True)
        ]

    because = named(np.array([i for i in np.argsort(-added)[:SHOWN] if added[i] > 0], int))
    against = named(np.array([i for i in np.argsort(added)[:SHOWN] if added[i] < 0], int))
    name = model.names[position]
    best = int(np.argmax(np.where(ahead, standing.score, -np.inf)))
    before = _as_of(viewer, now_ms - DAY_MS)
    return Why(
        title=model.ids[position],
        name=name,
        text=_in_words(name, place, int(may.sum()), hidden, because, bool(len(standing.history))),
        place=place,
        of=int(may.sum()),
        hidden=hidden,
        because=because,
        against=against,
        from_everybody=round(everybody / total, 4),
        place_yesterday=None if before is None else _place(model, before, position, now_ms),
        ahead=model.names[best] if ahead.any() else "",
    )


def _hidden(model: Model, viewer: Viewer, position: int, now_ms: int) -> list[str]:
    """Every rule that hides the title from this viewer now."""
    of, watched = model.rules, viewer.watched.get(model.ids[position])
    said = []
    if not of.shown[position]:
        said.append("it is an episode; its series is shown")
    if of.from_ms[position] > now_ms:
        said.append("its rights window has not begun")
    if of.until_ms[position] <= now_ms:
        said.append("its rights window has ended")
    if not of.country_masks.get(viewer.country, of.everywhere)[position]:
        said.append(f"it is not available in {viewer.country or 'an unknown country'}")
    if of.maturity[position] > viewer.age_limit:
        said.append(f"it is for {of.maturity[position]} and over, the profile for {viewer.age_limit} at most")
    if watched is not None and watched.dismissed:
        said.append("the viewer is not interested")
    elif watched is not None and watched.finished:
        said.append("the viewer has seen it")
    return said


def _in_words(name: str, place: int | None, of: int, hidden: list[str], because: list[Because], personal: bool) -> str:
    if place is None:
        return f"{name} is not shown: {'; '.join(hidden)}"
    if not personal:
        return f"{name} is number {place} of {of} by popularity: the viewer has no history yet"
    if not because:
        return f"{name} is number {place} of {of}: nothing in the history speaks for it"
    return f"{name} is number {place} of {of}, most of all because of {' and '.join(x.name for x in because[:2])}"


def _as_of(viewer: Viewer, moment_ms: int) -> Viewer | None:
    """The viewer without titles last touched after `moment_ms`; None when there were none of those."""
    watched = {title: what for title, what in viewer.watched.items() if what.at_ms <= moment_ms}
    if len(watched) == len(viewer.watched):
        return None
    before = copy.copy(viewer)
    before.watched, before.shown, before.cache = watched, {}, {}
    return before


def _place(model: Model, viewer: Viewer, position: int, now_ms: int) -> int | None:
    standing = stand(model, viewer, now_ms)
    may = rules.allowed(model.rules, viewer.country, viewer.age_limit, now_ms) & ~standing.blocked
    return int((may & (standing.score > standing.score[position])).sum()) + 1 if may[position] else None
