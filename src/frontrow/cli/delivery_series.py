"""Series of `frontrow delivery forecast`: read, made regular, and written back with their forecasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontrow.cli import delivery_files as columns
from frontrow.cli.delivery_files import numbers, read_frame
from frontrow.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from frontrow.delivery.forecast import Forecast
    from frontrow.delivery.series import Regular

HOUR_S = 3600  # a step where times are whole numbers
TOTAL = "total"  # name of the sum of everything
PERCENTILES = ("p2_5", "p10", "p50", "p90", "p97_5")


@dataclass(frozen=True)
class Series:
    """What a table held: regular series by name, and how its times were written."""

    names: list[str]
    series: list[Regular]
    seasons: tuple[int, ...]
    dated: bool  # times were dates, and are seconds since 1970 here; else they are as given
    calendar: list[npt.NDArray[np.float64]] | None


def read(path: Path, seasons: str, country: str, horizon: int) -> Series:
    """Read and repair `series,at,value`. Raises InputError for what cannot be repaired, naming series and time."""
    import numpy as np

    from frontrow.delivery.series import common_step, regular, seasons_of

    frame = read_frame(path, ("series", "at", "value"), "frontrow delivery forecast")
    at, dated = _times(frame, path)
    values = numbers(frame, "value", path)
    told = columns.names(frame, "series", path)
    names, by = told.unique(maintain_order=True).to_list(), told.to_numpy()
    order = np.argsort(by, kind="stable")
    edges = dict(zip(*np.unique(by[order], return_index=True), strict=True))
    sizes = dict(zip(*np.unique(by, return_counts=True), strict=True))
    rows = {name: order[edges[name] : edges[name] + sizes[name]] for name in names}
    step = common_step([at[rows[name]] for name in names])
    steps = _seasons(seasons) if seasons else seasons_of(step if dated else HOUR_S)
    made = [regular(name, at[rows[name]], values[rows[name]], step or 1, steps[0]) for name in names]
    calendar = None
    if country:
        if not dated:
            raise InputError("--country needs times that are dates, as 2026-01-31T18:00")
        calendar = [_holidays(one, country, horizon) for one in made]
    return Series(names, made, steps, dated, calendar)


def table(read: Series, found: Forecast, horizon: int) -> pl.DataFrame:
    """Rows series,at,mean,p2_5,...; times as they were given."""
    import numpy as np
    import polars as pl

    at = np.concatenate([one.start + one.step * (len(one.values) + np.arange(horizon)) for one in read.series])
    times = pl.Series("at", at)
    if read.dated:
        times = (times * 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S")
    columns = {name: found.quantiles[:, :, i].ravel() for i, name in enumerate(PERCENTILES)}
    return pl.DataFrame(
        {
            "series": np.repeat(np.array(read.names, dtype=object), horizon).tolist(),
            "at": times,
            "mean": found.mean.ravel(),
            **columns,
        }
    )


def peaks(read: Series, found: Forecast, frame: pl.DataFrame, horizon: int) -> dict[str, dict[str, Any]]:
    """Busiest step of each series by its mean, in bits a second, with the quantiles of that step."""
    import numpy as np

    from frontrow.delivery.hierarchy import peak_bandwidth_bps

    step_s = np.array([one.step if read.dated else HOUR_S for one in read.series], float)
    bps, busiest = peak_bandwidth_bps(found.mean, step_s)
    shown = {}
    for i, name in enumerate(read.names):
        quantiles = found.quantiles[i, busiest[i]] * 8 / step_s[i]
        shown[name] = {"at": frame["at"][i * horizon + int(busiest[i])], "mean_bps": float(bps[i])} | {
            f"{label}_bps": float(value) for label, value in zip(PERCENTILES, quantiles, strict=True)
        }
    return shown


def with_levels(read: Series) -> Series:
    """The same series and, before them, every level above: `eu` is the sum of `eu/...`, `total` of all.

    Raises InputError where series do not span the same time, or a name is also a level.
    """
    import numpy as np

    if len({(one.start, len(one.values)) for one in read.series}) > 1:
        raise InputError("--coherent needs series that begin and end together; cut them to what they share")
    sums: dict[str, npt.NDArray[np.float64]] = {}
    for name, one in zip(read.names, read.series, strict=True):
        parts = name.split("/")
        for depth in range(len(parts)):
            above = "/".join(parts[:depth]) or TOTAL
            sums[above] = sums.get(above, np.zeros(len(one.values))) + one.values
    if both := sorted(set(sums) & set(read.names)):
        raise InputError(f"series {both[0]!r} is also a level above others; leave it out, it is added up")
    order = sorted(sums, key=lambda name: (name != TOTAL, name.count("/"), name))
    levels = [replace(read.series[0], values=sums[name], repairs=()) for name in order]
    calendar = None if read.calendar is None else [read.calendar[0]] * len(levels) + read.calendar
    return replace(read, names=order + read.names, series=levels + read.series, calendar=calendar)


def reconciled(read: Series, found: Forecast) -> Forecast:
    """The forecast moved as little as its own spread allows until every sum holds."""
    import numpy as np

    from frontrow.delivery.hierarchy import Tree, reconcile_quantiles

    index = {name: i for i, name in enumerate(read.names)}
    parent = [-1 if name == TOTAL else index[name.rpartition("/")[0] or TOTAL] for name in read.names]
    width = found.quantiles[:, :, 3] - found.quantiles[:, :, 1]  # 80% interval
    variance = np.maximum(width, 1e-6 * (1 + found.mean.max())) ** 2
    mean, quantiles = reconcile_quantiles(Tree(np.array(parent)), found.mean, found.quantiles, variance)
    return replace(found, mean=mean, quantiles=quantiles)


def _seasons(text: str) -> tuple[int, ...]:
    try:
        steps = tuple(sorted(int(part) for part in text.split(",")))
    except ValueError:
        raise InputError(f"--seasons is {text!r}; write whole numbers of steps, as 24,168") from None
    if steps[0] < 1:
        raise InputError(f"--seasons is {text!r}; a season has 1 step or more")
    return steps


def _times(frame: pl.DataFrame, path: Path) -> tuple[npt.NDArray[np.int64], bool]:
    """Times as whole numbers, and whether they were dates (then seconds since 1970)."""
    import numpy as np
    import polars as pl
    from polars.exceptions import ComputeError

    column = frame["at"]
    if column.dtype == pl.String:
        try:
            parsed = column.str.replace("Z$", "").str.to_datetime(strict=False, time_unit="ms")
        except ComputeError:  # no format fits the first value: perhaps dates without a time
            parsed = column.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ms"))
        if parsed.null_count():
            row = int(parsed.is_null().arg_true()[0])
            raise InputError(f"{path}, row {row + 1}: at is {column[row]!r}; write 2026-01-31T18:00 or a whole number")
        column = parsed
    if column.dtype.is_temporal():
        return (column.cast(pl.Datetime("ms")).dt.epoch("ms").to_numpy() // 1000).astype(np.int64), True
    whole = numbers(frame, "at", path)
    if (whole != np.round(whole)).any():
        raise InputError(f"{path}: at holds {whole[whole != np.round(whole)][0]}; write whole numbers or dates")
    return whole.astype(np.int64), False


def _holidays(one: Regular, country: str, horizon: int) -> npt.NDArray[np.float64]:
    """1 on public holidays, and 1 on the days before them: (2, length + horizon)."""
    import holidays
    import numpy as np

    total = len(one.values) + horizon
    dates = [datetime.fromtimestamp(one.start + one.step * i, UTC).date() for i in range(total)]
    try:
        known = holidays.country_holidays(country, years=range(dates[0].year, dates[-1].year + 2))
    except NotImplementedError:
        raise InputError(f"no holidays are known of country {country!r}; write ISO 3166 as DE, US, JP") from None
    return np.array([[day in known for day in dates], [day + timedelta(days=1) in known for day in dates]], dtype=float)
