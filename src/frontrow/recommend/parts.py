"""What is fitted on interactions alone: the item-item matrix B, the transitions N, and popularity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from frontrow.recommend import edlae, lowrank, popularity, sparse, transitions
from frontrow.recommend.edlae import EdlaeConfig
from frontrow.recommend.popularity import Popularity, PopularityConfig
from frontrow.recommend.signals import Interactions
from frontrow.recommend.sources import Mix
from frontrow.recommend.sparse import SparseConfig
from frontrow.recommend.transitions import TransitionsConfig

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class FitConfig:
    """Everything that fitting can be told; `tune.choose` finds it from data."""

    edlae: EdlaeConfig = field(default_factory=EdlaeConfig)
    transitions: TransitionsConfig = field(default_factory=TransitionsConfig)
    popularity: PopularityConfig = field(default_factory=PopularityConfig)
    sparse: SparseConfig = field(default_factory=SparseConfig)
    mix: Mix = field(default_factory=Mix)


@dataclass(frozen=True)
class Parts:
    """Fitted on interactions alone. B is dense float32, or sparse above `SparseConfig.above_titles`; N is sparse."""

    B: NDArray[np.float32] | csr_array
    N: csr_array
    popularity: Popularity


def fit_parts(interactions: Interactions, config: FitConfig, B: NDArray[np.float32] | None = None) -> Parts:
    """Fit all three, but for a B that is given; N stays empty when the mix does not read it."""
    from scipy.sparse import csr_array

    n = interactions.n_titles
    found: Any = B if B is not None else fit_items(interactions.matrix(), config)
    N = csr_array((n, n), dtype=np.float32)
    if config.mix.weights.get("next"):
        N = transitions.fit(interactions, config.transitions)
    return Parts(found, N, popularity.fit(interactions, config.popularity))


def fit_items(X: csr_array, config: FitConfig) -> NDArray[np.float32] | csr_array:
    """B of viewers x titles, dense or sparse by the number of titles."""
    if X.shape[1] > config.sparse.above_titles:
        return sparse.fit(X, config.edlae, config.sparse)
    return fit_dense(edlae.gram(X, config.edlae.viewer_power), X, config.edlae)


def fit_dense(G: NDArray[np.float32], X: csr_array, config: EdlaeConfig) -> NDArray[np.float32]:
    """EDLAE with the low-rank model beside it; uses G up."""
    if not config.low_rank or not len(G):
        return edlae.solve(G, config)
    left, right = lowrank.factors(G)
    B = edlae.solve(G, config)
    lowrank.add(B, left, right, X, config.low_rank)
    return B
