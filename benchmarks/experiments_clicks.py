"""Real click tests (Upworthy, weeks from 201403 on): dispersion from A/A groups, false alarms, Thompson in replay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from scipy import special

from benchmarks.figure import Figure
from frontrow.experiments import dispersion, thompson

SEED = 20261124
BATCHES = 50
KEYS = ("clickability_test_id", "headline", "eyecatcher_id")


def run(data: Path | None) -> Iterator[Figure]:
    """Figures on real clicks."""
    if data is None:
        yield Figure("Upworthy", 0, detail="left out: needs FRONTROW_DATA")
        return
    rows = pl.read_parquet(data / "artwork" / "upworthy_201403_on.parquet").with_columns(
        pl.col("eyecatcher_id").fill_null("")
    )
    yield from false_alarms(rows, np.random.default_rng(SEED))
    yield from replays(rows, np.random.default_rng(SEED + 1))


def false_alarms(rows: pl.DataFrame, rng: np.random.Generator) -> Iterator[Figure]:
    """The factor is estimated on one half of the A/A groups and judged on the other, and the other way round."""
    grouped = rows.with_columns(pl.concat_str(KEYS, separator="|").alias("group"))
    aa = grouped.filter((pl.len().over("group") > 1) & (pl.col("eyecatcher_id") != ""))
    group, n, y = (aa[c].to_numpy() for c in ("group", "impressions", "clicks"))
    group = group.astype(np.str_)
    names = np.unique(group)
    half = np.isin(group, rng.permutation(names)[: names.size // 2])
    corrected: list[np.ndarray] = []
    factors = []
    for learn, judge in ((half, ~half), (~half, half)):
        found = dispersion.estimate(group[learn], n[learn], y[learn])
        factors.append(found.factor)
        corrected.append(dispersion.compare_groups(group[judge], n[judge], y[judge], found.factor)[1])
    p = np.concatenate(corrected)
    naive = dispersion.compare_groups(group, n, y, 1.0)[1]
    detail = f"{names.size} groups, factors {factors[0]:.2f} and {factors[1]:.2f} on the two halves"
    yield Figure("A/A groups rejected at .05", float(np.nanmean(p < 0.05)), reach=0.07, direction="at most",
                 peer="naive chi-square", peer_value=float(np.nanmean(naive < 0.05)), detail=detail)  # fmt: skip
    yield Figure("A/A groups flagged at .001", float(np.nanmean(p < 0.001)), reach=0.02, direction="at most",
                 peer="naive chi-square", peer_value=float(np.nanmean(naive < 0.001)))  # fmt: skip
    split = rows.filter(pl.len().over(KEYS[0]) > 1)
    _, code = np.unique(split[KEYS[0]].to_numpy().astype(np.str_), return_inverse=True)
    shown = split["impressions"].to_numpy().astype(float)
    freedom = np.bincount(code) - 1
    expected = (np.bincount(code, shown) / (freedom + 1))[code]
    chi = np.bincount(code, (shown - expected) ** 2 / expected)
    flagged = float((special.chdtrc(freedom, chi) < 0.001).mean())
    yield Figure("clean tests whose impressions are flagged at .001", flagged, reach=0.02, direction="at most",
                 detail=f"{freedom.size:,} tests; median chi-square a degree {np.median(chi / freedom):.2f}, so no "
                 "correction")  # fmt: skip


def replays(rows: pl.DataFrame, rng: np.random.Generator) -> Iterator[Figure]:
    """Clicks of Beta Thompson over those of an even split, each with half of every comparison's impressions."""
    images = rows.group_by(KEYS, maintain_order=True).agg(pl.sum("impressions"), pl.sum("clicks"))
    pairs = [
        (x["impressions"].to_numpy(), x["clicks"].to_numpy())
        for _, x in images.group_by(KEYS[:2], maintain_order=True)
        if x.height > 1
    ]
    even = sum(n.sum() // 2 * float((y / n).mean()) for n, y in pairs)
    drawn = sum(play(n, y, rng, replace=True) for n, y in pairs)
    pooled = sum(play(n, y, rng, replace=False) for n, y in pairs)
    detail = f"{len(pairs):,} comparisons, {BATCHES} batches each"
    yield Figure("Thompson replay, clicks drawn at each image's own rate", drawn / even - 1, reach=0.08, detail=detail)
    known = sum(best_half(n, y) for n, y in pairs)
    detail = "an image runs out of impressions: the best one cannot be shown as often as wanted"
    yield Figure("Thompson replay, real impressions used once at most", pooled / even - 1, reach=0.08,
                 peer="who knew every rate", peer_value=known / even - 1, detail=detail)  # fmt: skip


def best_half(impressions: np.ndarray, clicks: np.ndarray) -> float:
    """Clicks of half of the impressions, each used once at most, by one who knows every image's rate."""
    rate = clicks / impressions
    order = np.argsort(-rate)
    spent = np.minimum(impressions[order].cumsum(), impressions.sum() // 2)
    return float(np.diff(spent, prepend=0) @ rate[order])


def play(impressions: np.ndarray, clicks: np.ndarray, rng: np.random.Generator, *, replace: bool) -> int:
    """Clicks of Thompson sampling with half of the impressions."""
    left, hits = impressions.copy(), clicks.copy()
    model = thompson.start(left.size, 0.0125, 100)
    edges = np.linspace(0, left.sum() // 2, BATCHES + 1).astype(int)
    total = 0
    for size in np.diff(edges):
        p = model.propensities(rng, None if replace else (left > 0)[None])[0]
        if replace:
            shown = rng.multinomial(size, p / p.sum())
            got = rng.binomial(shown, clicks / impressions)
        else:
            shown = _within(size, p, left, rng)
            got = rng.hypergeometric(hits, left - hits, shown)
            left, hits = left - shown, hits - got
        total += int(got.sum())
        used = np.flatnonzero(shown)
        model = model.update(used, got[used], shown[used])
    return total


def _within(size: int, p: np.ndarray, left: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Impressions of each image, drawn by `p` but never more than are left."""
    shown = np.zeros(left.size, np.int64)
    while (short := size - shown.sum()) > 0:
        open_to = np.where(left - shown > 0, p, 0)
        shown += np.minimum(rng.multinomial(short, open_to / open_to.sum()), left - shown)
    return shown
