"""EDLAE: a linear item-item model in closed form, and the Gram matrix it is solved from.

H. Steck, "Autoencoders that don't overfit towards the identity" (NeurIPS 2020): with G = X'X and dropout p,
A = G + diag(lambda + p/(1-p) diag G), P = A^-1, and B = I - P / diag P has a zero diagonal. A viewer's scores are
x B, so title j adds exactly x_j B_ji to the score of i: that is what `explain` shows.

Viewers are weighted n^-1/2 (n: titles of theirs), so that heavy viewers do not drown the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class EdlaeConfig:
    """What the solve can be told."""

    ridge: float = 2.0
    """lambda as a multiple of the mean of G's diagonal, so that it means the same for any amount of data; 0.1 to 20."""
    dropout: float = 0.5
    """p, share of a history that training hides; 0 (plain EASE) to 0.9."""
    viewer_power: float = 0.5
    """A viewer of n titles weighs n^-power; 0 (all alike) to 1."""
    low_rank: float = 0.4
    """Share of the low-rank model beside EDLAE in B, 0 (none) to 1."""

    def penalty(self, diagonal: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is added to G's diagonal: lambda + p/(1-p) diag G."""
        ridge = max(self.ridge * float(diagonal.mean()), 1e-6) if len(diagonal) else 1.0
        return np.asarray(ridge + self.dropout / (1 - self.dropout) * diagonal, np.float32)


def gram(X: csr_array, viewer_power: float = 0.5, block: int = 1024) -> NDArray[np.float32]:
    """G = X' diag(n^-power) X, float32 [titles, titles]; X is viewers x titles, positive.

    Grams of disjoint sets of viewers add up. Dense blocks of viewers go through BLAS where the data is dense enough
    for that to pay, blocks of titles through the sparse product otherwise (measured: 0.012 ns a dense product, 3 ns a
    sparse one and 15 ns an entry of G); either way blocks bound the memory.
    """
    viewers, n = X.shape
    lengths = np.diff(X.indptr)
    W = _weighted(X, viewer_power)
    G = np.zeros((n, n), np.float32)
    if 3.0 * float((lengths.astype(np.float64) ** 2).sum()) + 15.0 * n * n < 0.012 * viewers * n * n:
        across = W.T.tocsr()
        for start in range(0, n, block):
            G[start : start + block] = (across[start : start + block] @ W).toarray()
    else:
        for start in range(0, viewers, block):
            rows = W[start : start + block].toarray()
            G += rows.T @ rows
    return G


def _weighted(X: csr_array, viewer_power: float) -> csr_array:
    """X with each viewer's row times the root of their weight n^-power."""
    from scipy.sparse import csr_array

    lengths = np.diff(X.indptr)
    root = np.maximum(lengths, 1).astype(np.float32) ** (-viewer_power / 2)
    return csr_array((X.data * np.repeat(root, lengths), X.indices, X.indptr), shape=X.shape)


def solve(G: NDArray[np.float32], config: EdlaeConfig) -> NDArray[np.float32]:
    """B, float32 [titles, titles], zero diagonal; overwrites G.

    Titles without a viewer get a zero row and column: A is positive definite for any ridge above 0.
    """
    from scipy.linalg.lapack import spotrf, spotri

    n = len(G)
    if n == 0:
        return G
    diagonal = np.einsum("ii->i", G)
    diagonal += config.penalty(diagonal)
    # LAPACK is column-major: the transpose of a symmetric C-ordered array is the same matrix without a copy.
    factor, status = spotrf(G.T, lower=0, overwrite_a=1, clean=0)
    if status == 0:
        P, status = spotri(factor, lower=0, overwrite_c=1)
    if status != 0:
        raise ValueError(f"the Gram matrix is not positive definite (ridge {config.ridge}); raise the ridge")
    P = P.T  # the lower triangle is filled
    scale = -1.0 / np.diag(P)
    for start in range(0, n, 512):  # mirror block by block, in place
        stop = min(start + 512, n)
        P[start:stop, stop:] = P[stop:, start:stop].T
        square = P[start:stop, start:stop]
        square[:] = np.tril(square) + np.tril(square, -1).T
    B: NDArray[np.float32] = P
    B *= scale[None, :]
    np.fill_diagonal(B, 0.0)
    return B
