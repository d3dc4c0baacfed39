"""Which picture of a title each viewer sees: hierarchical logistic Thompson sampling over segment and theme.

A picture's log-odds of a qualified play follow from what is seen in it (its theme), differently in each segment of
viewers, pooled over all titles; what a picture does beyond that is learnt from its own showings (experiments.logistic).
Probabilities are computed once for every segment when the model is fitted, so a request looks up a row and draws.
A choice sticks to a viewer for some days; a share of viewers always sees the editor's picture, as the control.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.outcomes import ARM_CHOSEN, ARM_CONTROL, ARM_PINNED
from frontrow.experiments import choices, logistic

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]

THEMES: Final = ("faces", "subject", "focus", "contrast", "colour", "thirds")
"""Terms of a picture's score that say what is seen in it, rather than how well it was taken."""
EVERYBODY: Final = ""
"""Segment of viewers of whom nothing is known."""
DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class ChooserConfig:
    """How pictures are chosen."""

    sticky_days: int = 14
    """Days that a viewer sees the same picture of a title; 1 and up: a tile that changes is not recognised."""
    floor: float = 0.05
    """Share of decisions spread evenly over all pictures, for ever; above 0."""
    control: float = 0.1
    """Share of viewers who see the editor's (or the best scored) picture, to measure against; 0 to 0.5."""
    base_rate: float = 0.03
    """Qualified plays an impression before any data."""
    image_sd: float = 0.2
    """Spread of pictures of one title in log-odds; .19 between images of one headline (Upworthy, 2013-2015)."""
    guard_completion: float = 0.75
    """A picture whose plays go less far than this share of the title's mean is clickbait and no longer drawn."""
    guard_plays: int = 50
    """Plays of a picture before the guard looks at it."""


@dataclass(frozen=True)
class Shown:
    """A picture for one viewer."""

    picture: str
    propensity: float
    segment: str
    arm: str  # "chosen", "control", or "pinned"


@dataclass(frozen=True)
class Chooser:
    """Probabilities of each picture of each title in each segment."""

    segments: tuple[str, ...]  # the first is EVERYBODY
    pictures: Mapping[str, tuple[str, ...]]  # title -> pictures, best score first
    probabilities: Mapping[str, Floats]  # title -> (segments, pictures); rows add up to 1
    config: ChooserConfig

    def choose(self, title: str, viewer: str, segment: str, at_ms: int, pinned: str = "") -> Shown | None:
        """The viewer's picture of a title; None for a title without pictures. The same all through a period.

        `pinned` is the picture that an editor set: everybody sees it.
        """
        pictures = self.pictures.get(title)
        if not pictures:
            return None
        if pinned in pictures:
            return Shown(pinned, 1.0, segment, ARM_PINNED)
        row = self.segments.index(segment) if segment in self.segments else 0
        period = str(at_ms // (DAY_MS * self.config.sticky_days))
        is_control = choices.sticky_uniforms("artwork control", [viewer], "")[0] < self.config.control
        if is_control:
            return Shown(pictures[0], 1.0, self.segments[row], ARM_CONTROL)
        uniform = choices.sticky_uniforms(f"artwork {title}", [viewer], period)
        chances = self.probabilities[title][row]
        place = int(choices.pick(chances[None], uniform)[0])
        return Shown(pictures[place], float(chances[place]), self.segments[row], ARM_CHOSEN)


def fit(
    pictures: Mapping[str, Sequence[Mapping[str, Any]]],
    outcomes: pl.DataFrame | None,
    segments: Sequence[str],
    rng: np.random.Generator,
    config: ChooserConfig | None = None,
) -> Chooser:
    """Learn from `outcomes` (of `outcomes.join`; None for none), with `pictures` a title's `id` and `reasons`.

    Titles are fitted one by one around what all of them share, so the cost grows with their number and no faster.
    """
    config = config or ChooserConfig()
    names = (EVERYBODY, *(x for x in segments if x != EVERYBODY))
    themes = {title: _themes(entries) for title, entries in pictures.items() if entries}
    rows = _rows(outcomes, {t: [str(x["id"]) for x in e] for t, e in pictures.items()}, names)
    shared = _shared(rows, themes, len(names) - 1, rng, config)
    ids, probabilities = {}, {}
    contexts = np.vstack([np.zeros(len(names) - 1), np.eye(len(names) - 1)])
    for title, theme in themes.items():
        model = logistic.start(theme, len(names) - 1, rng, _beliefs(config))
        own = rows.get(title, _NOTHING)
        model = replace(model, mean=np.concatenate([shared, model.mean[shared.size :]]))
        picture, segment, played, shown = own.cells()
        model = model.update(contexts[segment], picture, played, rng, shown)
        eligible = ~clickbait(own, len(theme), config)
        mask = np.broadcast_to(eligible, (len(names), len(theme)))
        ids[title] = tuple(str(x["id"]) for x in pictures[title])
        probabilities[title] = model.propensities(contexts, mask)
    return Chooser(names, ids, probabilities, config)


@dataclass(frozen=True)
class Rows:
    """Outcomes of one title, coded; all of one length."""

    picture: NDArray[np.intp]
    segment: NDArray[np.intp]
    played: Floats
    completion: Floats  # NaN without a play

    def cells(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats]:
        """Picture, segment, plays and showings of every pair of the two that was shown."""
        width = int(self.segment.max(initial=0)) + 1
        cells, place = np.unique(self.picture * width + self.segment, return_inverse=True)
        played = np.asarray(np.bincount(place, self.played, minlength=len(cells)), np.float64)
        shown = np.bincount(place, minlength=len(cells)).astype(np.float64)
        return np.asarray(cells // width, np.intp), np.asarray(cells % width, np.intp), played, shown


_NOTHING: Final = Rows(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0), np.zeros(0))


def clickbait(rows: Rows, count: int, config: ChooserConfig) -> NDArray[np.bool_]:
    """Pictures that lead to plays which are soon broken off; never all of a title's."""
    plays = (rows.played > 0) & ~np.isnan(rows.completion)
    if not plays.any():
        return np.zeros(count, bool)
    typical = float(rows.completion[plays].mean())
    baits = np.zeros(count, bool)
    for picture in range(count):
        own = rows.completion[plays & (rows.picture == picture)]
        if len(own) >= config.guard_plays:
            error = float(np.std(own)) / np.sqrt(len(own))
            baits[picture] = float(np.mean(own)) + 2 * error < config.guard_completion * typical
    return baits if not baits.all() else np.zeros(count, bool)


def _themes(entries: Sequence[Mapping[str, Any]]) -> Floats:
    """(pictures, themes) of a title, as differences from its mean: what no other picture of it has."""
    values = np.array([[float(entry["reasons"].get(name, 0.0)) for name in THEMES] for entry in entries])
    return np.asarray((values - values.mean(axis=0)) / 0.25)


def _beliefs(config: ChooserConfig) -> logistic.LogisticConfig:
    return logistic.LogisticConfig(
        base_rate=config.base_rate, shared_sd=0.1, departure_sd=config.image_sd, floor=config.floor, spread=1.0
    )


def _rows(
    outcomes: pl.DataFrame | None, pictures: Mapping[str, Sequence[str]], segments: Sequence[str]
) -> dict[str, Rows]:
    """Outcomes by title; those of pictures that are no more are left out."""
    if outcomes is None:
        return {}
    found = {}
    codes = {name: code for code, name in enumerate(segments)}
    for (title,), rows in outcomes.group_by("title"):
        places = {name: place for place, name in enumerate(pictures.get(str(title), ()))}
        picture = np.array([places.get(x, -1) for x in rows["picture"]], np.intp)
        known = picture >= 0
        found[str(title)] = Rows(
            picture[known],
            np.array([codes.get(x, 0) for x in rows["segment"]], np.intp)[known],
            rows["played"].to_numpy().astype(np.float64)[known],
            rows["completion"].cast(float).fill_null(np.nan).to_numpy()[known],
        )
    return found


def _shared(
    rows: Mapping[str, Rows],
    themes: Mapping[str, Floats],
    context_size: int,
    rng: np.random.Generator,
    config: ChooserConfig,
) -> Floats:
    """Coefficients that all titles share, ((1 + themes) (1 + segments),): fitted on the showings of all of them.

    Here a showing's theme is the context's own part, so one arm with theme x segment as context does it.
    """
    size = 1 + context_size
    pooled = logistic.start(np.zeros((1, 1)), (1 + len(THEMES)) * size - 1, rng, logistic.LogisticConfig(
        base_rate=config.base_rate, draws=1))  # fmt: skip
    contexts, plays, showings = [], [], []
    for title, own in rows.items():
        if title not in themes or not len(own.played):
            continue
        picture, segment_code, played, shown = own.cells()
        theme = np.hstack([np.ones((len(picture), 1)), themes[title][picture]])
        segment = np.hstack([np.ones((len(picture), 1)), np.eye(size)[segment_code][:, 1:]])
        contexts.append((theme[:, :, None] * segment[:, None, :]).reshape(len(theme), -1)[:, 1:])
        plays.append(played)
        showings.append(shown)
    if contexts:
        x = np.concatenate(contexts)
        arm = np.zeros(len(x), np.intp)
        pooled = pooled.update(x, arm, np.concatenate(plays), rng, np.concatenate(showings))
    width = (1 + len(THEMES)) * size
    shared, _, departure = np.split(pooled.mean, [width, 2 * width])
    return np.asarray(shared + departure)
