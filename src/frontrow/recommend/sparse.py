"""B for catalogues too large for a dense inverse: each column is solved on its own neighbourhood.

A sparse approximate inverse by columns: for title i take the titles C_i with the largest co-occurrence, and solve the
small system of EDLAE restricted to them, (G_CC + D_CC) b = G_Ci. Exact when C_i is everything. Memory is
titles x neighbours, time titles x neighbours^3; nothing of size titles^2 is ever made.
(After H. Steck, "Markov random fields for collaborative filtering", NeurIPS 2019, its sparse approximation.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from frontrow.recommend.edlae import EdlaeConfig

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class SparseConfig:
    """When the dense solve is left, and how wide the neighbourhoods are."""

    above_titles: int = 25_000
    """Larger catalogues are solved sparsely: a dense B would take more than 2.5 GB."""
    neighbours: int = 100
    """Titles in each small system; 20 to 500; time grows with the cube."""
    block: int = 512
    """Columns of the Gram matrix made at once; bounds the memory."""


def fit(X: csr_array, edlae: EdlaeConfig, config: SparseConfig = SparseConfig()) -> csr_array:
    """B, sparse float32 [titles, titles], zero diagonal; X is viewers x titles, positive."""
    from scipy.sparse import csc_array, csr_array

    n = X.shape[1]
    counts = np.maximum(np.diff(X.indptr), 1).astype(np.float32)
    weighted = csr_array(X * (counts ** (-edlae.viewer_power / 2))[:, None], dtype=np.float32)
    columns = csc_array(weighted)
    squares = np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel()
    penalty = edlae.penalty(squares)
    transposed = csr_array(columns.T)
    neighbour, size = np.empty((n, config.neighbours), np.int32), np.zeros(n, np.int32)
    beside = np.zeros((n, config.neighbours), np.float32)
    for start in range(0, n, config.block):
        G = csr_array(transposed[start : start + config.block] @ weighted)
        for row in range(G.shape[0]):
            i = start + row
            lo, hi = G.indptr[row], G.indptr[row + 1]
            near, value = G.indices[lo:hi], G.data[lo:hi]
            near, value = near[near != i], value[near != i]
            if len(near) > config.neighbours:
                # nearest by cosine: by plain co-occurrence every neighbourhood would be the hits
                best = np.argpartition(-value / np.sqrt(squares[near]), config.neighbours)[: config.neighbours]
                near, value = near[best], value[best]
            order = np.argsort(near)
            size[i] = len(near)
            neighbour[i, : size[i]], beside[i, : size[i]] = near[order], value[order]
    data, rows, cols = [], [], []
    for i in range(n):
        near = neighbour[i, : size[i]]
        if not len(near):
            continue
        block = columns[:, near]
        A = (block.T @ block).toarray().astype(np.float64)
        A[np.diag_indices(len(near))] += penalty[near]
        data.append(np.linalg.solve(A, beside[i, : size[i]].astype(np.float64)).astype(np.float32))
        rows.append(near)
        cols.append(np.full(len(near), i, np.int32))
    if not data:
        return csr_array((n, n), dtype=np.float32)
    B = csr_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(cols))), shape=(n, n))
    B.sort_indices()
    return B
