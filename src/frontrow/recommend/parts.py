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


def fit_parts(interactions: Interactions, config: FitConfig, gram: NDArray[np.float32] | None = None) -> Parts:
    """Fit all three; N stays empty when the mix does not read it. A given `gram` is used up, not computed."""
    from scipy.sparse import csr_array

    n = interactions.n_titles
    B: Any
    X = interactions.matrix()
    if n > config.sparse.above_titles:
        B = sparse.fit(X, config.edlae, config.sparse)
    else:
        B = fit_dense(edlae.gram(X, config.edlae.viewer_power) if gram is None else gram, X, config.edlae)
    N = csr_array((n, n), dtype=np.float32)
    if config.mix.weights.get("next"):
        N = transitions.fit(interactions, config.transitions)
    return Parts(B, N, popularity.fit(interactions, config.popularity))


def fit_dense(G: NDArray[np.float32], X: csr_array, config: EdlaeConfig) -> NDArray[np.float32]:
    """EDLAE with the low-rank model beside it; uses G up."""
    if not config.low_rank or not len(G):
        return edlae.solve(G, config)
    left, right = lowrank.factors(G)
    B = edlae.solve(G, config)
    lowrank.add(B, left, right, X, config.low_rank)
    return B
