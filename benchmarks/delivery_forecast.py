"""Forecasts: M4's hourly series, Netflix's weekly chart of films, and its members by region.

Settings were chosen on the windows before M4's last 48 hours; the chart's and the members' models are fitted anew at
each origin on what lay before it.
"""

from __future__ import annotations

import csv
import gzip
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from frontrow.delivery import chart, forecast, members

HORIZON = 48
CHART_WARM_UP = 26  # weeks before the first origin
FEWEST_QUARTERS = 10


def m4(data: Path) -> Iterator[Figure]:
    """414 hourly series, 48 steps: MASE (season 24), sMAPE, coverage and time."""

    def read(name: str) -> list[np.ndarray]:
        with gzip.open(data / "delivery" / "forecast" / f"Hourly-{name}.csv.gz", "rt") as file:
            return [np.array([float(cell) for cell in row[1:] if cell]) for row in list(csv.reader(file))[1:]]

    train, test = read("train"), np.stack(read("test"))
    started = time.perf_counter()
    found = forecast.forecast(train, HORIZON)
    seconds = time.perf_counter() - started

    def score(mean: np.ndarray) -> tuple[float, float]:
        scale = np.array([np.abs(row[24:] - row[:-24]).mean() for row in train])
        smape = 200 * np.abs(test - mean) / (np.abs(test) + np.abs(mean))
        return float((np.abs(test - mean).mean(1) / scale).mean()), float(smape.mean())

    naive = score(np.stack([np.tile(row[-24:], 2) for row in train]))
    mase, smape = score(found.mean)
    yield Figure("M4 hourly: MASE", mase, "", 0.93, "at most", "seasonal naive", naive[0])
    yield Figure("M4 hourly: sMAPE", smape, "%", 11.7, "at most", "seasonal naive", naive[1])
    yield Figure("M4 hourly: fit and forecast", seconds, "s", 60, "at most")
    for low, high, name, least, most in ((1, 3, "80%", 77, 83), (0, 4, "95%", 93, 97)):
        inside = (test >= found.quantiles[:, :, low]) & (test <= found.quantiles[:, :, high])
        coverage = 100 * float(inside.mean())
        yield Figure(
            f"M4 hourly: coverage of the {name} interval", coverage, "%", least, "at least", detail=f"at most {most}"
        )


def films(data: Path) -> Iterator[Figure]:
    """Films since views are published: error of log views among those that stay, Brier score of dropping out."""
    frame = pl.read_csv(
        data / "delivery" / "forecast" / "netflix_top10_global.tsv.gz", separator="\t", infer_schema_length=None
    ).filter(pl.col("category").str.starts_with("Films") & (pl.col("week") >= "2023-06-18"))
    week = frame["week"].rank("dense").to_numpy().astype(np.int64) - 1
    order = np.argsort(week, kind="stable")
    frame, week = frame[order], week[order]
    weeks = chart.Weeks(
        week, frame["show_title"].rank("dense").to_numpy().astype(np.int64),
        (frame["category"] != "Films (English)").to_numpy().astype(np.int64), frame["weekly_rank"].to_numpy(),
        frame["weekly_views"].cast(pl.Float64).to_numpy(), frame["cumulative_weeks_in_top_10"].to_numpy(),
    )  # fmt: skip
    rows, following, now = chart.features(weeks), chart.beside(weeks, 1), np.log(weeks.views)
    error, error_base, brier, brier_base = [], [], [], []
    for origin in range(CHART_WARM_UP, int(week.max())):
        past, here = week < origin, week == origin
        model = chart.fit(rows[past], weeks.views[past], following[past])
        views, dropping = model.predict(rows[here], weeks.views[here])
        stayed = ~np.isnan(following[here])
        decay = np.nanmean((following - now)[past])
        rate = np.array([np.isnan(following[past & (weeks.rank == rank)]).mean() for rank in weeks.rank[here]])
        error.append(np.abs(views - following[here])[stayed])
        error_base.append(np.abs(now[here] + decay - following[here])[stayed])
        brier.append((dropping - ~stayed) ** 2)
        brier_base.append((rate - ~stayed) ** 2)
    values = [float(np.concatenate(part).mean()) for part in (error, error_base, brier, brier_base)]
    yield Figure(
        "films that stay: error of log views",
        values[0],
        "",
        0.85 * values[1],
        "at most",
        "last week times mean decay",
        values[1],
    )
    yield Figure(
        "films: Brier score of dropping out", values[2], "", 0.85 * values[3], "at most", "base rate by rank", values[3]
    )
    yield chart_intervals(weeks)


def chart_intervals(weeks: chart.Weeks) -> Figure:
    """Coverage of the 80% interval of next week's views, of titles that stay, at every other of 60 weeks."""
    inside = []
    for origin in range(int(weeks.week.max()) - 60, int(weeks.week.max()), 2):
        past = weeks.week <= origin
        known = chart.Weeks(
            weeks.week[past], weeks.title[past], weeks.chart[past], weeks.rank[past], weeks.views[past],
            weeks.weeks_in[past],
        )  # fmt: skip
        found = chart.forecast(known)
        truth = np.exp(chart.beside(weeks, 1)[np.flatnonzero(past)[found.rows]])
        stayed = ~np.isnan(truth)
        inside.append(((truth >= found.quantiles[:, 1]) & (truth <= found.quantiles[:, 3]))[stayed])
    coverage = 100 * float(np.concatenate(inside).mean())
    return Figure("films that stay: coverage of the 80% interval", coverage, "%", 77, "at least", detail="at most 83")


def by_region(data: Path) -> Iterator[Figure]:
    """Members by region, rolling origin: mean absolute percentage error 1, 2 and 4 quarters ahead."""
    frame = pl.read_csv(data / "campaigns" / "netflix_members_quarterly.csv")
    values = (
        frame.pivot(on="region", index="quarter", values="members")
        .sort("quarter")
        .drop("quarter")
        .to_numpy()
        .astype(float)
        .T
    )
    for step, reach in ((1, 1.76), (2, 2.9), (4, 4.6)):
        ours, naive, inside = [], [], []
        middle = (FEWEST_QUARTERS + values.shape[1]) // 2  # the later half was never chosen on
        for at in range(FEWEST_QUARTERS, values.shape[1] - step + 1):
            truth = values[:, at + step - 1]
            ours.append(np.abs(members.forecast(values[:, :at], step)[:, -1] / truth - 1))
            naive.append(np.abs(values[:, at - 1] / truth - 1))
            bounds = members.quantiles(values[:, :at], step)[:, -1]
            inside.append((truth >= bounds[:, 1]) & (truth <= bounds[:, 3]))
        yield Figure(
            f"members by region, {step} quarters: MAPE", 100 * float(np.mean(ours)), "%", reach, "at most", "naive",
            100 * float(np.mean(naive)),
            f"80% interval covers {np.mean(inside[: middle - FEWEST_QUARTERS]):.0%} in the earlier half of the "
            f"quarters, {np.mean(inside[middle - FEWEST_QUARTERS :]):.0%} in the later",
        )  # fmt: skip


def run(data: Path | None) -> Iterator[Figure]:
    """All figures of forecasts; none without FRONTROW_DATA."""
    if data is None:
        print("FRONTROW_DATA is not set: no forecasts", file=sys.stderr)
        return
    yield from m4(data)
    yield from films(data)
    yield from by_region(data)
