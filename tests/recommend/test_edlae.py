"""EDLAE and the Gram matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from tests.worlds.viewing import checkerboard

from frontrow.recommend import edlae, lowrank, sparse
from frontrow.recommend.edlae import EdlaeConfig
from frontrow.recommend.parts import fit_dense
from frontrow.recommend.sparse import SparseConfig


def by_definition(G: np.ndarray, config: EdlaeConfig) -> np.ndarray:
    """B = I - P / diag P with P = (G + diag(lambda + p/(1-p) diag G))^-1, in double precision."""
    diagonal = np.diag(G).astype(np.float64)
    P = np.linalg.inv(G + np.diag(config.ridge * diagonal.mean() + config.dropout / (1 - config.dropout) * diagonal))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    return B


@given(st.integers(2, 40), st.integers(1, 30), st.integers(0, 1000))
def test_the_solve_is_the_formula_of_the_paper(titles: int, viewers: int, seed: int) -> None:
    X = np.random.default_rng(seed).random((viewers, titles)) < 0.3
    G = edlae.gram(csr_array(X.astype(np.float32)))
    config = EdlaeConfig(ridge=1.0, dropout=0.4)
    if G.any():
        assert edlae.solve(G.copy(), config) == pytest.approx(by_definition(G, config), abs=2e-4)


def test_both_gram_products_agree_and_grams_of_two_groups_add_up() -> None:
    rng = np.random.default_rng(0)
    X = csr_array((rng.random((3000, 60)) < 0.5).astype(np.float32))  # dense: through BLAS
    root = np.diff(X.indptr)[:, None].astype(np.float64) ** -0.25
    wanted = (X.toarray() * root).T @ (X.toarray() * root)
    assert edlae.gram(X) == pytest.approx(wanted, rel=1e-4)
    assert edlae.gram(X[:1000]) + edlae.gram(X[1000:]) == pytest.approx(wanted, rel=1e-4)
    thin = csr_array((rng.random((50, 60)) < 0.02).astype(np.float32))  # thin: through the sparse product
    root = np.maximum(np.diff(thin.indptr), 1)[:, None] ** -0.25
    assert edlae.gram(thin) == pytest.approx((thin.toarray() * root).T @ (thin.toarray() * root), abs=1e-5)


def test_a_title_that_nobody_watched_neither_gives_nor_gets() -> None:
    X = np.ones((5, 4), np.float32)
    X[:, 3] = 0
    B = edlae.solve(edlae.gram(csr_array(X)), EdlaeConfig())
    assert not B[3].any()
    assert not B[:, 3].any()


def test_the_low_rank_part_leaves_the_diagonal_at_zero_and_adds_to_the_rest() -> None:
    X = checkerboard().matrix()
    G = edlae.gram(X)
    plain = edlae.solve(G.copy(), EdlaeConfig(low_rank=0))
    mixed = fit_dense(G, X, EdlaeConfig(low_rank=0.5))
    assert not np.diag(mixed).any()
    assert not np.allclose(plain, mixed)


def test_all_factors_give_back_the_projection_on_everything() -> None:
    X = csr_array((np.random.default_rng(1).random((200, 12)) < 0.5).astype(np.float32))
    left, right = lowrank.factors(edlae.gram(X), count=12)
    assert left @ right.T == pytest.approx(np.eye(12), abs=1e-3)


def test_a_sparse_solve_on_every_neighbour_is_the_dense_one() -> None:
    X = csr_array((np.random.default_rng(2).random((300, 25)) < 0.4).astype(np.float32))
    config = EdlaeConfig(low_rank=0)
    dense = edlae.solve(edlae.gram(X), config)
    assert sparse.fit(X, config, SparseConfig(neighbours=24)).toarray() == pytest.approx(dense, abs=1e-3)


def test_a_sparse_solve_keeps_to_its_neighbours() -> None:
    B = sparse.fit(checkerboard().matrix(), EdlaeConfig(), SparseConfig(neighbours=4, block=7))
    assert np.diff(B.tocsc().indptr).max() <= 4
    evens = B.toarray()[::2, 1::2]
    assert not evens.any()  # even titles have no odd neighbours
