"""What is believed of encodes that were not made, a Gaussian process over heights and CRFs; and which one tells most.

Log rate and the logit of quality are nearly quadratic in CRF and in log height. How such surfaces differ from film to
film was measured on films that no figure is reported on, and is the prior. A few encodes of a film pin its own
surfaces down, and the covariance tells where the hull still hangs on guesses (Rasmussen and Williams 2006, 2.7).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from frontrow.delivery.hull import Trial, hull
from frontrow.delivery.link import Floats

Array = npt.NDArray[np.float64]
_BELOW: Final = 20.0
"""VMAF is cut off at 0; the curve of quality over CRF is a logistic one that begins so far below it."""
_TOP: Final = 100.3
"""Ceiling of the logistic curve where VMAF reaches 100."""
_MARGIN: Final = 0.3
"""A height's ceiling lies at least so far above what was seen of it, VMAF."""
_MEANS: Final = np.array([[5.80, -1.50, 0.06, 1.47, 0.18, -0.05], [1.22, -1.97, 0.15, 1.70, -0.39, 0.47]])
"""Of rate and of quality: level, slope and bend in CRF, slope in log height, their product, bend in log height."""
_SPREADS: Final = np.array([[2.00, 0.44, 0.22, 1.26, 0.41, 0.92], [2.00, 0.66, 0.32, 1.90, 0.64, 1.28]])
"""Twice the standard deviations of the same from film to film: five films do not show how far a sixth may lie."""
_RESIDUALS: Final = (0.125, 0.281)
"""Twice what such a surface leaves of a film's own, standard deviation, smooth over these lengths:"""
_LENGTHS: Final = (0.7, 0.5)
"""of `_steps`, and of log height."""
_NUGGETS: Final = (0.0016, 0.0025)
"""Standard deviation of rate and quality between neighbours in the grid, which nothing tells."""
_DIRECTIONS: Final = 16
"""Directions of the belief along which the hull is moved."""


class Surrogate:
    """The belief about one film's grid in one codec."""

    def __init__(self, heights: Collection[int], crfs: Sequence[float], ceilings: Mapping[int, float]) -> None:
        """`ceilings`: VMAF of each height without an encoder, from scaling alone; 100 where it is not told."""
        self.points = [(height, crf) for height in sorted(heights) for crf in crfs]
        self._ceilings = {height: ceilings.get(height, 100.0) for height in heights}
        lines = np.log([height / max(heights) for height, _ in self.points])
        steps = _steps([crf for _, crf in self.points], crfs)
        basis = np.stack([np.ones_like(steps), steps, steps**2, lines, lines * steps, lines**2], axis=1)
        near = np.exp(-0.5 * _squares(steps, _LENGTHS[0]) - 0.5 * _squares(lines, _LENGTHS[1]))
        count = len(self.points)
        self.mean: Array = np.concatenate([basis @ mean for mean in _MEANS])
        self.covariance: Array = np.zeros((2 * count, 2 * count))
        for at in (0, 1):
            part = slice(at * count, (at + 1) * count)
            self.covariance[part, part] = basis @ np.diag(_SPREADS[at] ** 2) @ basis.T + _RESIDUALS[at] ** 2 * near
            self.covariance[part, part] += _NUGGETS[at] ** 2 * np.eye(count)
        self._encoded: dict[tuple[int, float], Trial] = {}

    def learn(self, trials: Sequence[Trial]) -> None:
        """Condition the belief on encodes of the grid."""
        count, where = len(self.points), {point: at for at, point in enumerate(self.points)}
        for trial in trials:
            at = where[trial.height, trial.crf]
            self._encoded[self.points[at]] = trial
            for index, value in ((at, float(np.log(trial.bitrate_kbps))), (at + count, self._logit(trial))):
                row = self.covariance[index] / (self.covariance[index, index] + 1e-6)
                self.mean = self.mean + row * (value - self.mean[index])
                self.covariance = self.covariance - np.outer(row, self.covariance[index])

    def grid(self) -> list[Trial]:
        """Every point of the grid: encodes where they were made, what is believed elsewhere."""
        return self._trials(self.mean)

    def most_telling(self, least_vmaf: float, best_vmaf: float) -> tuple[int, float] | None:
        """Height and CRF of the encode that explains most of what is not known of the hull; None if all were made.

        The hull is moved along the directions in which the belief is widest; how much of that movement each point's
        rate and quality would explain is its worth. Only qualities from `least_vmaf` to `best_vmaf` count.
        """
        count = len(self.points)
        free = [at for at, point in enumerate(self.points) if point not in self._encoded]
        if not free:
            return None
        widths, directions = np.linalg.eigh(self.covariance)
        moves = (directions * np.sqrt(np.maximum(widths, 0.0))).T[::-1][:_DIRECTIONS]
        curve = self._curve(least_vmaf, best_vmaf)
        moved = np.array([(curve(self.mean + move) - curve(self.mean - move)) / 2 for move in moves])

        def explained(at: int) -> float:
            told = moves[:, [at, at + count]]
            shared = told.T @ moved
            noise = 1e-3 * np.diag(np.array(_RESIDUALS) ** 2)
            return float(np.sum(np.linalg.solve(told.T @ told + noise, shared) * shared))

        return self.points[max(free, key=explained)]

    def _curve(self, least_vmaf: float, best_vmaf: float) -> Callable[[Array], Floats]:
        """The hull's VMAF at fixed rates, of one possible grid."""
        shown = hull(self.grid())
        rates = np.linspace(np.log(shown[0].bitrate_kbps) - 0.2, np.log(shown[-1].bitrate_kbps) + 0.2, 60)

        def of(values: Array) -> Floats:
            points = hull(self._trials(values))
            vmaf = np.interp(rates, np.log([x.bitrate_kbps for x in points]), [x.vmaf for x in points])
            return np.asarray(np.clip(vmaf, least_vmaf, best_vmaf))

        return of

    def _trials(self, values: Array) -> list[Trial]:
        count = len(self.points)
        rates, odds = np.exp(values[:count]), np.exp(values[count:])
        found = []
        for at, (height, crf) in enumerate(self.points):
            if (height, crf) in self._encoded:
                found.append(self._encoded[height, crf])
                continue
            vmaf = (odds[at] * self._ceiling(height) - _BELOW) / (1.0 + odds[at])
            found.append(Trial(height, crf, float(rates[at]), float(np.clip(vmaf, 0.0, 100.0)), True))
        return found

    def _ceiling(self, height: int) -> float:
        seen = [x.vmaf + _MARGIN for (lines, _), x in self._encoded.items() if lines == height]
        return min(max([self._ceilings[height], *seen]), _TOP)

    def _logit(self, trial: Trial) -> float:
        ceiling = min(max(self._ceilings[trial.height], trial.vmaf + _MARGIN), _TOP)
        shown = min(max(trial.vmaf, 0.5), ceiling - _MARGIN)
        return float(np.log((shown + _BELOW) / (ceiling - shown)))


def _steps(values: Sequence[float], crfs: Sequence[float]) -> Array:
    """CRFs from -1 to 1 over the grid, so that one prior serves every codec."""
    return np.asarray(np.interp(values, [crfs[0], crfs[-1]], [-1.0, 1.0]))


def _squares(values: Array, length: float) -> Array:
    return np.asarray(((values[:, None] - values) / length) ** 2)
