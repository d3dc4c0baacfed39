"""Forecasts of `frontrow delivery forecast --of members|launches|chart`: tables in, tables with quantiles out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontrow.cli.delivery_files import content_of, names, numbers, read_frame
from frontrow.cli.delivery_series import PERCENTILES
from frontrow.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

_COMMAND = "frontrow delivery forecast"
_QUARTER = re.compile(r"(\d{4})-?Q([1-4])")


def members(path: Path, horizon: int) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Members of each series (a region), quarter by quarter; `at` is 2026Q1, a date or a whole number."""
    import numpy as np

    from frontrow.delivery import members as model
    from frontrow.delivery.series import regular

    frame = read_frame(path, ("series", "at", "value"), _COMMAND)
    told, values = names(frame, "series", path), numbers(frame, "value", path, least=0)
    at, named = _quarters(frame, path)
    regions = told.unique(maintain_order=True).to_list()
    rows = {name: np.flatnonzero((told == name).to_numpy()) for name in regions}
    made = {name: regular(name, at[rows[name]], values[rows[name]], 1, 4) for name in regions}
    said = [f"series {name}: {'; '.join(one.repairs)}" for name, one in made.items() if one.repairs]
    batches: dict[tuple[int, int], list[str]] = {}  # regions with the same quarters borrow each other's errors
    for name, one in made.items():
        if len(one.values) < 2 or one.values.min() <= 0:
            raise InputError(f"{path}: series {name!r} needs two quarters or more, all above 0; leave it out")
        batches.setdefault((one.start, len(one.values)), []).append(name)
    found = {}
    for (start, length), some in batches.items():
        table = np.stack([made[name].values for name in some])
        mean, quantiles = model.forecast(table, horizon), model.quantiles(table, horizon)
        times = [_quarter(start + length + step) if named else start + length + step for step in range(horizon)]
        found.update({name: (times, mean[i], quantiles[i]) for i, name in enumerate(some)})
    return _table({name: found[name] for name in regions}), {"series": len(regions), "said": said}


def launches(path: Path, titles: Path | None, horizon: int) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Launches of titles without rows in `path`, from those with: `at` is days since launch, 0 on day one."""
    import numpy as np

    from frontrow.delivery import launches as model

    if titles is None:
        raise InputError("name the titles by --titles: title[,genres][,people][,language]; those without rows are new")
    frame = read_frame(path, ("series", "at", "value"), _COMMAND)
    told, values = names(frame, "series", path), numbers(frame, "value", path, least=0)
    at = numbers(frame, "at", path, least=0, most=3660).astype(np.int64)
    table = read_frame(titles, ("title",), f"{_COMMAND} --of launches")
    known = names(table, "title", titles)
    if known.n_unique() < len(known):
        raise InputError(f"{titles} names a title twice; each title has one row")
    content = dict(zip(known.to_list(), content_of(table), strict=True))
    seen = told.unique(maintain_order=True).to_list()
    new = [title for title in content if title not in set(seen)]
    if not new:
        raise InputError(f"every title of {titles} has rows in {path}; new titles are those without any")
    daily = []
    for title in seen:
        mine = (told == title).to_numpy()
        daily.append(np.bincount(at[mine], values[mine]).astype(float))
    said = [
        f"title {title} has launched, but {titles} does not tell what it is like"
        for title in seen
        if title not in content
    ]
    past = [content.get(title, model.Content()) for title in seen]
    found, alike = {}, {}
    for title in new:
        launch = model.forecast(content[title], past, daily, horizon)
        share = launch.quantiles / launch.day_one
        found[title] = (list(range(horizon)), launch.by_day, launch.by_day[:, None] * share)
        alike[title] = [seen[index] for index in launch.alike]
        if not launch.alike:
            said.append(f"title {title} is like no launch before it: it takes the mean of all, with a wide interval")
    return _table(found), {"series": len(new), "alike": alike, "said": said}


def chart(path: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Views in the next week of what is on the chart now, and the probability `drops_out` that it is gone by then."""
    import numpy as np
    import polars as pl

    from frontrow.delivery import chart as model

    frame = read_frame(path, ("week", "title", "rank", "views"), f"{_COMMAND} --of chart")
    week = frame["week"].rank("dense").cast(pl.Int64).to_numpy() - 1
    order = np.argsort(week, kind="stable")
    frame, week = frame[order], week[order]
    title = names(frame, "title", path)
    charts = names(frame, "chart", path) if "chart" in frame.columns else pl.Series(["chart"] * len(frame))
    entry = pl.DataFrame({"week": week, "chart": charts, "title": title})
    if entry.is_duplicated().any():
        first = entry.filter(entry.is_duplicated()).row(0)
        raise InputError(f"{path} has {first[2]!r} twice in one week of chart {first[1]!r}; one row a title and week")
    weeks_in = (
        numbers(frame, "weeks_in", path, least=1)
        if "weeks_in" in frame.columns
        else entry.select(pl.col("week").cum_count().over("chart", "title")).to_series().to_numpy()
    )
    weeks = model.Weeks(
        week,
        title.rank("dense").cast(pl.Int64).to_numpy(),
        charts.rank("dense").cast(pl.Int64).to_numpy() - 1,
        numbers(frame, "rank", path, least=1).astype(np.int64),
        numbers(frame, "views", path, least=1),
        weeks_in.astype(float),
    )
    made = model.forecast(weeks)
    labels = frame["week"].cast(pl.String).to_list()
    shown = [
        title[int(row)] if charts.n_unique() == 1 else f"{charts[int(row)]}/{title[int(row)]}" for row in made.rows
    ]
    at = [f"after {labels[-1]}"]
    table = _table({name: (at, made.mean[i : i + 1], made.quantiles[i][None]) for i, name in enumerate(shown)})
    table = table.with_columns(drops_out=pl.Series(made.drops_out))
    return table, {"series": len(shown), "said": []}


def _table(
    found: dict[str, tuple[list[Any], npt.NDArray[np.float64], npt.NDArray[np.float64]]],
) -> pl.DataFrame:
    """Rows series,at,mean,p2_5,... of (times, mean, quantiles) a series."""
    import polars as pl

    parts = [
        pl.DataFrame(
            {"series": [name] * len(times), "at": times, "mean": mean}
            | {label: quantiles[:, i] for i, label in enumerate(PERCENTILES)}
        )
        for name, (times, mean, quantiles) in found.items()
    ]
    return pl.concat(parts)


def _quarters(frame: pl.DataFrame, path: Path) -> tuple[npt.NDArray[np.int64], bool]:
    """Quarters as whole numbers, and whether they were named (2026Q1, or a date in it) rather than counted."""
    import numpy as np

    if frame["at"].dtype.is_numeric():
        return numbers(frame, "at", path).astype(np.int64), False
    found = []
    for row, text in enumerate(names(frame, "at", path)):
        if match := _QUARTER.fullmatch(text):
            found.append(int(match[1]) * 4 + int(match[2]) - 1)
        elif re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-\d{2}.*", text):
            found.append(int(text[:4]) * 4 + (int(text[5:7]) - 1) // 3)
        else:
            raise InputError(f"{path}, row {row + 1}: at is {text!r}; write 2026Q1, 2026-03-31 or a whole number")
    return np.array(found, np.int64), True


def _quarter(index: int) -> str:
    return f"{index // 4}Q{index % 4 + 1}"
