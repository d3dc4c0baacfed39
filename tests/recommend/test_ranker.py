"""What the ranker is told of candidates."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.worlds.viewing import catalogue

from frontrow.recommend import ranker
from frontrow.recommend.history import histories
from frontrow.recommend.model import content_of
from frontrow.recommend.signals import from_columns

SPOKEN = ["de"] * 5 + ["fr"] * 5 + ["", None]


def features_of(**columns: object) -> dict[str, NDArray[np.float32]]:
    """Features of all twelve titles for a viewer of three German titles, one French, and one of no language."""
    told = from_columns(np.zeros(5, int), np.array([0, 1, 2, 5, 10]), list(range(12)))
    score = np.linspace(2, 1, 12, dtype=np.float32)  # the order of the titles
    personal, common = np.zeros((3, 1, 12), np.float32), np.zeros((3, 12), np.float32)
    content = content_of(catalogue(12, **columns))
    top, features = ranker.candidates(score[None], personal, common, histories(told), content, 12)
    assert top[0].tolist() == list(range(12))
    return dict(zip(ranker.FEATURES, features[0].T, strict=True))


def test_a_title_has_the_share_of_the_history_in_its_language() -> None:
    assert features_of(language=SPOKEN)["language"].tolist() == pytest.approx([0.75] * 5 + [0.25] * 5 + [0, 0])


def test_without_languages_their_feature_is_nought_and_the_others_are_as_before() -> None:
    silent, spoken = features_of(), features_of(language=SPOKEN)
    assert not silent["language"].any()
    for name in set(ranker.FEATURES) - {"language"}:
        assert np.array_equal(silent[name], spoken[name], equal_nan=True)


def test_a_feature_that_says_nothing_changes_no_ranking_and_old_rankers_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 30, len(ranker.FEATURES))).astype(np.float32)
    features[..., -1] = 0
    labels = features[..., 0] + rng.normal(size=(100, 30)) > 1
    now = ranker.fit(features, labels, seed=0)
    with monkeypatch.context() as before:
        before.setattr(ranker, "FEATURES", ranker.FEATURES[:-1])  # as it was before the feature came
        old = ranker.fit(features[..., :-1], labels, seed=0)
    assert len(old.columns) == len(now.columns) - 1
    assert np.array_equal(old.scores(features), now.scores(features))
