"""Small valid inputs for `frontrow delivery ... --example DIR`, from a fixed seed, with every column explained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from frontrow.cli.delivery_files import write_frame
from frontrow.cli.options import emit_json, emit_table, note
from frontrow.errors import InputError

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = {
    "forecast": {
        "series": "name of a series",
        "at": "time of the value, ISO 8601 (or whole numbers a step apart)",
        "value": "what was asked for in that step, 0 or more",
    },
    "place": {
        "demand cache": "cache whose viewers ask; may be left out where the network has one cache",
        "demand file": "id of the file (object is taken too)",
        "demand size": "bytes",
        "demand requests": "expected requests at the peak (or demand: the bytes they ask for)",
        "demand present": "1 where the file lies on that cache already",
        "demand copies": "fewest caches of a group that must hold it",
        "network cache": "name",
        "network disk_bytes": "bytes of disk",
        "network fill_bytes": "bytes that a night can bring (or fill_bps and fill_window_s)",
        "network fill_cost": "of a byte brought, in bytes served; may be left out (0), as egress_bytes and churn",
        "links region, cache, worth": "what a byte is worth that this cache serves to that region, 0 to 1",
    },
    "replay": {
        "requests at_s": "time in seconds; 86,400 a day, day 0 a Monday",
        "requests object": "file that was asked for",
        "requests cache": "cache that was asked; may be left out",
        "files object, size": "bytes of each file (or a column size in the log)",
        "files title": "files of one title share their demand; may be left out",
        "titles title, launch_day": "day number of a launch; below the log's first: was there before",
        "titles expected_daily_share": "an editor's guess of the launch's share; empty: as launches like it before",
        "titles genres, people, language": "what likeness goes by, genres and people |-separated; may be left out",
        "network cache, disk_bytes, fill_bytes": "as for place",
    },
}
_COLUMNS["members"] = {
    "series": "region",
    "at": "quarter, as 2026Q1, a date in it, or a whole number",
    "value": "members at its end",
}
_COLUMNS["launches"] = {
    "series": "title that was launched",
    "at": "days since its launch, 0 on day one",
    "value": "what was asked for on that day",
    "titles title": "titles without rows above are the new ones",
    "titles genres, people, language": "what likeness goes by, genres and people |-separated; may be left out",
}
_COLUMNS["chart"] = {
    "week": "of the entry, in the order of time when sorted",
    "title": "on the chart",
    "rank": "1 is the first",
    "views": "in that week, 1 or more",
    "chart": "name, where there is more than one; may be left out",
    "weeks_in": "weeks on the chart so far, this one too; counted from the table where left out",
}
_COLUMNS["report"] = {**_COLUMNS["replay"], "links region, cache, worth": "as for place; may be left out"}
_COMMAND = {
    "forecast": "frontrow delivery forecast {0}/series.csv --horizon 48 --out {0}/forecast.csv",
    "place": "frontrow delivery place --demand {0}/demand.csv --network {0}/network.csv "
    "--links {0}/links.csv --out {0}/plan.csv",
    "replay": "frontrow delivery replay --requests {0}/requests.csv --files {0}/files.csv "
    "--titles {0}/titles.csv --network {0}/network.csv",
    "members": "frontrow delivery forecast {0}/members.csv --of members --out {0}/forecast.csv",
    "launches": "frontrow delivery forecast {0}/launches.csv --of launches --titles {0}/titles.csv "
    "--out {0}/forecast.csv",
    "chart": "frontrow delivery forecast {0}/chart.csv --of chart --out {0}/forecast.csv",
    "report": "frontrow delivery report --requests {0}/requests.csv --files {0}/files.csv "
    "--titles {0}/titles.csv --network {0}/network.csv --links {0}/links.csv --out {0}/page.html",
}


def write(kind: str, folder: Path, as_json: bool) -> None:
    """Write the tables of `kind` into `folder` and say what each column is. Existing files are never overwritten."""
    tables = {"forecast": _series, "place": _demand, "replay": _requests, "report": _linked_requests,
              "members": _members, "launches": _launches, "chart": _chart}[kind]()  # fmt: skip
    taken = [name for name in tables if (folder / name).exists()]
    if taken:
        raise InputError(f"{folder / taken[0]} exists already; name another folder")
    for name, frame in tables.items():
        write_frame(frame, folder / name)
    command = _COMMAND[kind].format(folder)
    if as_json:
        emit_json({"files": [folder / name for name in tables], "columns": _COLUMNS[kind], "command": command})
    else:
        emit_table("", ("column", "what it is"), list(_COLUMNS[kind].items()))
        note(f"Try: {command}")


def _series() -> dict[str, pl.DataFrame]:
    from datetime import datetime

    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    hours = np.arange(24 * 7 * 5)
    start = datetime(2026, 1, 5)
    at = pl.datetime_range(start, interval="1h", end=datetime(2026, 2, 8, 23), eager=True).dt.strftime("%Y-%m-%dT%H:%M")
    parts = []
    for name, level in (("north", 400.0), ("south", 900.0)):
        day = 1 + 0.6 * np.sin((hours % 24 - 15) / 24 * 2 * np.pi)
        week = np.where(hours // 24 % 7 >= 5, 1.3, 1.0)
        parts.append(pl.DataFrame({"series": [name] * len(hours), "at": at, "value": rng.poisson(level * day * week)}))
    return {"series.csv": pl.concat(parts)}


def _demand() -> dict[str, pl.DataFrame]:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    size = (np.exp(rng.normal(0, 0.5, 60)) * 2e9).astype(int)
    base = 100 / np.arange(1, 61)
    rows = [
        {"cache": cache, "file": f"film{i}", "size": int(size[i]),
         "requests": round(float(base[i] * np.exp(rng.normal(0, 0.5))), 2),
         "present": int(i % 4 == 0), "copies": int(i < 3) + 1 if i < 3 else 0}
        for cache in ("north", "south") for i in range(60)
    ]  # fmt: skip
    network = pl.DataFrame({"cache": ["north", "south"], "disk_bytes": [40_000_000_000, 60_000_000_000],
                            "fill_bytes": [15_000_000_000, 20_000_000_000], "fill_cost": [0.1, 0.1]})  # fmt: skip
    links = pl.DataFrame({"region": ["north", "south"], "cache": ["south", "north"], "worth": [0.6, 0.6]})
    return {"demand.csv": pl.DataFrame(rows), "network.csv": network, "links.csv": links}


def _requests() -> dict[str, pl.DataFrame]:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    titles, days = 80, 6
    size = (np.exp(rng.normal(0, 0.5, titles)) * 2e9)[:, None] * np.array([1.0, 0.4])
    rate = 1 / (np.arange(titles) + 3.0)
    rate[-1] = 0.0
    parts = []
    for day in range(days):
        rate[-1] = rate[:-1].sum() * 0.08 if day >= 3 else 0.0  # a launch on the fourth day
        title = rng.choice(titles, 900, p=rate / rate.sum())
        at = np.sort(np.clip(rng.normal(20, 3, 900), 0, 23.99) * 3600).astype(int) + day * 86_400
        file = title * 2 + (rng.random(900) < 0.3)
        parts.append(pl.DataFrame({"at_s": at, "object": file, "cache": rng.choice(["north", "south"], 900)}))
    files = pl.DataFrame(
        {"object": np.arange(titles * 2), "title": np.repeat(np.arange(titles), 2), "size": size.astype(int).ravel()}
    )
    launches = pl.DataFrame({"title": [titles - 1], "launch_day": [3], "expected_daily_share": [0.07]})
    disk = int(size.sum() * 0.2)
    network = pl.DataFrame(
        {"cache": ["north", "south"], "disk_bytes": [disk, disk], "fill_bytes": [disk // 5, disk // 5]}
    )
    return {"requests.csv": pl.concat(parts), "files.csv": files, "titles.csv": launches, "network.csv": network}


def _linked_requests() -> dict[str, pl.DataFrame]:
    return {**_requests(), "links.csv": _demand()["links.csv"]}


def _members() -> dict[str, pl.DataFrame]:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    rows = [
        {"series": region, "at": f"{2021 + i // 4}Q{i % 4 + 1}", "value": int(value)}
        for region, first in (("north", 90_000.0), ("south", 30_000.0))
        for i, value in enumerate(first * np.exp(np.cumsum(rng.normal(0.03, 0.01, 20))))
    ]
    return {"members.csv": pl.DataFrame(rows)}


def _launches() -> dict[str, pl.DataFrame]:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    genres, people = ("crime", "comedy", "drama"), ("A. Arnold", "B. Blume", "C. Celan", "D. Dorn")
    rows, titles = [], []
    for i in range(12):
        size = 2000.0 * (1 + i % 3) * float(np.exp(rng.normal(0, 0.3)))
        titles.append({"title": f"film{i}", "genres": genres[i % 3], "people": people[i % 4], "language": "en"})
        rows += [{"series": f"film{i}", "at": day, "value": int(rng.poisson(size * 0.95**day))} for day in range(28)]
    titles.append({"title": "new film", "genres": "drama", "people": "C. Celan", "language": "en"})
    return {"launches.csv": pl.DataFrame(rows), "titles.csv": pl.DataFrame(titles)}


def _chart() -> dict[str, pl.DataFrame]:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    born = np.sort(rng.integers(-3, 40, 130))
    size = np.exp(rng.normal(15, 0.6, 130))
    rows = []
    for week in range(40):
        age = week - born
        views = np.where((age >= 0) & (age < 8), size * 0.6**age * np.exp(rng.normal(0, 0.15, 130)), 0.0)
        first = np.argsort(-views)[:10]
        rows += [
            {"week": f"2026-W{week + 1:02d}", "title": f"film{title}", "rank": rank + 1, "views": int(views[title])}
            for rank, title in enumerate(first) if views[title] >= 1
        ]  # fmt: skip
    return {"chart.csv": pl.DataFrame(rows)}
