"""The nightly plan of what lies where: viewing log -> demand of each region -> plan -> artifact `delivery`.

A service that has told nothing of its network gets five made-up regions, labelled as such: members are spread over them
by a hash, films have two renditions, and each cache holds a tenth of the catalogue. The artifact holds the plan, the
forecast and a page (`report.txt`, HTML) that opens from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from frontrow.data import artifacts
from frontrow.data.catalogue import Catalogue
from frontrow.data.replay import replay
from frontrow.delivery import neighbours, rehearsal
from frontrow.delivery.network import Array, Cache
from frontrow.delivery.replay import Outcome, Task, add
from frontrow.delivery.replay import replay as replay_cache
from frontrow.delivery.report import Page, of_cache, render
from frontrow.delivery.requests import DAY_S, Files, Log, file_shares
from frontrow.errors import InputError
from frontrow.jobs.schedule import PLAN_DELIVERY
from frontrow.jobs.worker import JobContext
from frontrow.schema import Kind

if TYPE_CHECKING:
    import polars as pl

REGIONS = ("north", "east", "south", "west", "islands")  # made up
DAYS = 60  # of the log that are lived through; older days say little about tomorrow
_RENDITIONS_BPS = (5e6, 1.5e6)
_RENDITION_SHARE = 0.7  # of plays that take the larger one
_FILM_S = 6000
_DISK_SHARE, _FILL_SHARE = 0.1, 0.02  # of the catalogue
_VIEWED = (Kind.PLAY, Kind.RATE)  # what counts as a viewing; imported histories hold ratings alone
_FEWEST = 200
_LINK_WORTH = 0.6  # of a byte that the cache of the next region serves; each has two neighbours
_MADE_UP = "The regions, their caches, their links and who lives where are made up; the viewing is the log's."


def run(context: JobContext, *, seed: int = 0) -> dict[str, Any]:
    """Plan every made-up region and publish. Raises InputError where the log has too few viewings."""
    context.step(0, len(REGIONS) + 1, "reading the log")
    read = replay(context.workspace.log, kinds=_VIEWED, columns=("seq", "at_ms", "kind", "member", "title"))
    with Catalogue(context.workspace.store_url(context.settings)) as catalogue:
        titles = catalogue.frame()
    if len(read.frame) < _FEWEST:
        raise InputError(f"the log has {len(read.frame)} viewings; {_FEWEST} are needed to plan caches by")
    files, logs = _regions(read.frame, titles, np.random.default_rng(seed))
    rows: list[dict[str, object]] = []
    outcomes: list[Mapping[str, Outcome]] = []
    parts = []
    for done, (name, log) in enumerate(logs.items()):
        context.step(done, len(REGIONS) + 1, f"region {name}")
        total = int(files.size.sum())
        cache = Cache(name, int(total * _DISK_SHARE), int(total * _FILL_SHARE))
        task = Task(log, files, cache)
        outcomes.append(replay_cache(task))
        parts.append(of_cache(task, outcomes[-1]))
        rows += _plan(task, titles["title"].to_list())
    together = {name: add([one[name] for one in outcomes]) for name in outcomes[0]}
    metrics = {f"byte_hit_ratio_{name}": round(one.byte_hit_ratio, 6) for name, one in together.items()}
    demand = np.stack([part.demand for part in parts])
    caches = [Cache(part.name, part.disk_bytes, part.fill_bytes) for part in parts]
    links = neighbours.plan(caches, files, demand, _ring(len(caches)))
    page = render(Page.of(parts, outcomes, [_MADE_UP], links))
    published = artifacts.publish(
        context.workspace.artifacts, PLAN_DELIVERY, {"plan.parquet": _frame(rows), "report.txt": page},
        config={"regions": list(REGIONS), "days": DAYS, "seed": seed}, high_water=read.high_water,
        rows={"viewings": len(read.frame), "plan": len(rows)}, metrics=metrics, parents={},
        now_ms=context.now_ms(), keep=context.settings.jobs.keep_versions,
    )  # fmt: skip
    context.step(len(REGIONS) + 1, len(REGIONS) + 1, "published")
    return {"artifact": PLAN_DELIVERY, "version": published.version, **metrics}


def _regions(events: pl.DataFrame, titles: pl.DataFrame, rng: np.random.Generator) -> tuple[Files, dict[str, Log]]:
    """Two files a title, and one log a region: the newest days, each member in one region for ever."""
    import polars as pl

    duration_s = titles["duration_s"].fill_null(_FILM_S).to_numpy()
    count = len(titles)
    size = (duration_s[:, None] * np.array(_RENDITIONS_BPS) / 8).astype(np.int64).ravel()
    files = Files(np.maximum(size, 1), np.repeat(np.arange(count), 2), np.tile([0, 1], count))
    index = pl.DataFrame({"title": titles["title"], "index": np.arange(count)})
    seen = events.join(index, on="title", how="inner").sort("at_ms", "seq")
    newest = int(seen["at_ms"].max()) if len(seen) else 0  # type: ignore[arg-type]
    seen = seen.filter(pl.col("at_ms") > newest - DAYS * DAY_S * 1000)
    region = region_of(seen["member"].to_numpy())
    object_ = seen["index"].to_numpy() * 2 + (rng.random(len(seen)) > _RENDITION_SHARE)
    at_s = seen["at_ms"].to_numpy() // 1000
    return files, {
        name: Log(at_s[region == i], object_[region == i]) for i, name in enumerate(REGIONS) if (region == i).any()
    }


def region_of(member: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Which made-up region each member (inner id) lives in, as an index into REGIONS; always the same one."""
    return np.asarray(((member * np.int64(2654435761)) >> 16) % len(REGIONS))


def _ring(count: int) -> Array:
    """Worth of links where each cache has a neighbour on either side."""
    one = np.eye(count)
    near = (np.roll(one, 1, axis=1) + np.roll(one, -1, axis=1) > 0) & (one == 0)
    return np.asarray(one + _LINK_WORTH * near)


def _plan(task: Task, titles: list[str]) -> list[dict[str, object]]:
    """Tomorrow's plan of a region, filled from nothing, with each file's share of the expected demand."""
    share = rehearsal.forecaster(task.log, task.files)(task.log.days)
    if share is None:
        return []
    rate = share[task.files.title] * file_shares(task.log.object, task.files)
    keep = rehearsal.plan_files(task.cache, task.files, rate)
    return [
        {
            "cache": task.cache.name,
            "title": titles[file // 2],
            "rendition": int(file % 2),
            "expected_share": float(rate[file]),
        }
        for file in keep
    ]


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    import polars as pl

    schema = {"cache": pl.String, "title": pl.String, "rendition": pl.Int64, "expected_share": pl.Float64}
    return pl.DataFrame(rows, schema=schema)
