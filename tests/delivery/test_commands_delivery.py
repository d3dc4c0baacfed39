"""`frontrow delivery`: every example runs as its help says, and bad input ends with one line that names it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from worlds import commands
from worlds.commands import Done


def frontrow(*args: object) -> Done:
    return commands.frontrow("delivery", *args)


def told(*args: object) -> dict:
    ran = frontrow(*args, "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("delivery")
    for command in ("forecast", "place", "replay"):
        told(command, "--example", folder / command)
    return folder


def test_a_forecast_has_the_promised_columns_and_ordered_quantiles(examples, tmp_path):
    out = tmp_path / "forecast.parquet"
    told("forecast", examples / "forecast" / "series.csv", "--horizon", 24, "--out", out, "--country", "DE")
    frame = pl.read_parquet(out)
    assert frame.columns == ["series", "at", "mean", "p2_5", "p10", "p50", "p90", "p97_5"]
    assert len(frame) == 2 * 24 and frame["at"][0] == "2026-02-09T00:00:00"
    assert (frame["p10"] <= frame["p50"]).all() and (frame["p50"] <= frame["p90"]).all()


def test_a_coherent_forecast_adds_up_at_every_level(tmp_path):
    rows = [
        f"eu/{region},{hour},{100 + hour % 24 * scale}" for region, scale in (("a", 3), ("b", 1)) for hour in range(400)
    ]
    rows += [f"us/c,{hour},{50 + (hour + 8) % 24}" for hour in range(400)]
    told("forecast", write(tmp_path / "s.csv", "series,at,value\n" + "\n".join(rows)), "--horizon", 12,
         "--out", tmp_path / "f.csv", "--coherent")  # fmt: skip
    mean = {name: frame["mean"].to_numpy() for (name,), frame in pl.read_csv(tmp_path / "f.csv").group_by("series")}
    assert mean["eu"] == pytest.approx(mean["eu/a"] + mean["eu/b"])
    assert mean["total"] == pytest.approx(mean["eu"] + mean["us/c"]) and mean["us"] == pytest.approx(mean["us/c"])


def test_a_plan_has_value_bound_gap_and_prices_and_fits_its_network(examples, tmp_path):
    out = tmp_path / "plan.csv"
    network = pl.read_csv(examples / "place" / "network.csv")
    said = told("place", "--demand", examples / "place" / "demand.csv", "--links", examples / "place" / "links.csv",
                "--network", examples / "place" / "network.csv", "--out", out)  # fmt: skip
    assert {"value", "bound", "gap", "prices"} <= set(said)
    assert said["value"] <= said["bound"] and set(said["prices"]) == {"north", "south"}
    plan = pl.read_csv(out).filter(pl.col("action") != "evict")
    size = pl.read_csv(examples / "place" / "demand.csv").unique("file").select(pl.col("file"), "size")
    used = plan.join(size, on="file").group_by("cache").agg(pl.col("size").sum())
    limits = used.join(network, on="cache")
    assert (limits["size"] <= limits["disk_bytes"]).all()


def test_a_replay_shows_ours_beside_the_peers(examples):
    log = examples / "replay"
    said = told("replay", "--requests", log / "requests.csv", "--files", log / "files.csv",
                "--titles", log / "titles.csv", "--network", log / "network.csv")  # fmt: skip
    assert set(said["policies"]) == {"planned", "frontrow", "lru", "sieve", "s3-fifo", "belady"}
    for one in said["policies"].values():
        assert 0 <= one["byte_hit_ratio"] <= 1 and one["fill_bytes"] >= 0
    assert said["policies"]["frontrow"]["byte_hit_ratio"] > said["policies"]["lru"]["byte_hit_ratio"]


@pytest.fixture(scope="module")
def one_cache(tmp_path_factory) -> Path:
    """A log of a day of one cache with its sizes, a plan for it, and one that is too large."""
    folder = tmp_path_factory.mktemp("one")
    objects = [f"film{i % 7}" for i in range(200)]
    frame = pl.DataFrame({"at_s": range(200), "object": objects, "size": [10 + int(name[-1]) for name in objects]})
    frame.write_csv(folder / "log.csv")
    pl.DataFrame({"cache": ["x"] * 2, "file": ["film0", "film1"]}).write_csv(folder / "plan.csv")
    pl.DataFrame({"cache": ["x"] * 7, "file": [f"film{i}" for i in range(7)]}).write_csv(folder / "large.csv")
    return folder


def test_a_given_plan_is_replayed_and_a_short_log_says_that_nothing_is_planned(one_cache):
    planned = told("replay", "--requests", one_cache / "log.csv", "--disk", 40, "--plan", one_cache / "plan.csv")
    assert planned["policies"]["planned"]["hit_ratio"] == pytest.approx(58 / 200)
    short = told("replay", "--requests", one_cache / "log.csv", "--disk", 40)
    assert short["policies"]["planned"]["hit_ratio"] == 0 and any("no night" in text for text in short["notes"])


def test_a_disk_smaller_than_every_file_is_said(one_cache):
    said = told("replay", "--requests", one_cache / "log.csv", "--disk", 5)
    assert any("smallest file" in text for text in said["notes"])
    assert all(one["byte_hit_ratio"] == 0 for one in said["policies"].values())


def place(demand: Path, network: Path) -> list[object]:
    return ["place", "--demand", demand, "--network", network, "--out", demand.with_suffix(".plan.csv")]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_bad_input_ends_with_status_2_and_one_line(one_cache, tmp_path):
    network = write(tmp_path / "network.csv", "cache,disk_bytes,fill_bytes\nx,100,0\n")
    out = tmp_path / "out.csv"
    cases = [
        (["forecast", write(tmp_path / "s1.csv", "series,at,value\na,1,5\na,2,-3\n"), "--out", out], "-3"),
        (["forecast", write(tmp_path / "s2.csv", "series,at,value\na,soon,5\n"), "--out", out], "soon"),
        (["forecast", tmp_path / "none.csv", "--out", out], "no file"),
        (place(write(tmp_path / "d.csv", "file,size,requests\nf,0,3\n"), network), "size"),
        (place(write(tmp_path / "d2.csv", "file,size\nf,5\n"), network), "requests"),
        (["replay", "--requests", write(tmp_path / "r.csv", "at_s,object\n1,a\n"), "--disk", 5], "size"),
        (["replay", "--requests", write(tmp_path / "r2.csv", "at_s,object\n1,zz\n"), "--disk", 5,
          "--files", write(tmp_path / "f.csv", "object,size\na,5\n")], "zz"),
        (["replay", "--requests", one_cache / "log.csv"], "--disk"),
        (["forecast", write(tmp_path / "s3.csv", "series,at,value\n,1,5\n"), "--out", out], "series is empty"),
        (["forecast", one_cache / "log.csv", "--of", "members", "--peak", "--out", out], "--peak"),
        (["forecast", write(tmp_path / "s4.csv", "series,at,value\na,June,5\n"), "--of", "members", "--out", out],
         "June"),
        (place(write(tmp_path / "d3.csv", "file,size,requests\n,5,3\n"), network), "file is empty"),
        (place(write(tmp_path / "d4.csv", "file,size,requests\nf,1e19,3\n"), network), "1e+18"),
        (["replay", "--requests", write(tmp_path / "r3.csv", "at_s,object,size,cache\n1,a,5,\n"), "--disk", 5],
         "cache is empty"),
        (["replay", "--requests", write(tmp_path / "r4.csv", "at_s,object,size\n1,a,5\n1700000000000,a,5\n"),
          "--disk", 5], "milliseconds"),
        (["replay", "--requests", write(tmp_path / "r5.csv", "at_s,object\n1,a\n"), "--disk", 5,
          "--files", write(tmp_path / "f2.csv", "object,size,title\na,5,\n")], "title is empty"),
        (["replay", "--requests", one_cache / "log.csv", "--disk", 40,
          "--titles", write(tmp_path / "t.csv", "title,launch_day\nfilm1,soon\n")], "soon"),
        (["replay", "--requests", one_cache / "log.csv", "--disk", 40, "--plan", one_cache / "large.csv"], "holds"),
    ]  # fmt: skip
    for args, word in cases:
        ran = frontrow(*args)
        assert ran.returncode == 2, (args, ran.stderr)
        assert word in ran.stderr and "Traceback" not in ran.stderr


def test_members_launches_and_charts_are_forecast_from_their_examples(tmp_path):
    for kind, rows in (("members", 2 * 4), ("launches", 28), ("chart", 10)):
        folder, out = tmp_path / kind, tmp_path / f"{kind}.parquet"
        told("forecast", "--of", kind, "--example", folder)
        more = ["--titles", folder / "titles.csv"] if kind == "launches" else []
        told("forecast", folder / f"{kind}.csv", "--of", kind, "--out", out, *more)
        frame = pl.read_parquet(out)
        assert (
            frame.columns[:8] == ["series", "at", "mean", "p2_5", "p10", "p50", "p90", "p97_5"] and len(frame) == rows
        )
        assert (frame["p10"] < frame["p90"]).all()
    assert frame["drops_out"].is_between(0, 1).all()
    assert pl.read_parquet(tmp_path / "members.parquet")["at"][0] == "2026Q1"


def test_the_peak_of_a_region_is_its_busiest_hour_in_bits_a_second(examples, tmp_path):
    said = told("forecast", examples / "forecast" / "series.csv", "--out", tmp_path / "f.csv", "--peak")
    frame = pl.read_csv(tmp_path / "f.csv").filter(pl.col("series") == "north")
    assert said["peaks"]["north"]["mean_bps"] == pytest.approx(frame["mean"].max() * 8 / 3600)
    assert said["peaks"]["north"]["at"] == frame["at"][frame["mean"].arg_max()]


def test_drills_are_shown_beside_the_undisturbed_log(examples):
    log = examples / "replay"
    said = told("replay", "--requests", log / "requests.csv", "--files", log / "files.csv",
                "--network", log / "network.csv", "--drill", "all")  # fmt: skip
    assert set(said["drills"]) == {"cache-dies", "forecast-wrong", "surprise-hit"}
    assert said["drills"]["cache-dies"]["byte_hit_ratio"] < said["drills"]["cache-dies"]["undisturbed"]


def test_an_empty_limit_is_no_limit_and_neighbours_keep_to_their_egress(tmp_path):
    network = write(tmp_path / "n.csv", "cache,disk_bytes,fill_bytes,egress_bytes\nx,100,100,40\ny,100,100,\n")
    links = write(tmp_path / "l.csv", "region,cache,worth\nx,y,0.5\ny,x,0.5\n")
    demand = write(tmp_path / "d.csv", "cache,file,size,requests\nx,f,20,5\ny,f,20,1\n")
    said = told("place", "--demand", demand, "--network", network, "--links", links, "--out", tmp_path / "p.csv")
    assert said["value"] == pytest.approx(40 + 0.5 * 60 + 20)


def test_a_window_of_zero_is_said_and_planned_for(tmp_path):
    network = write(tmp_path / "network.csv", "cache,disk_bytes,fill_bytes\nx,100,0\n")
    demand = write(tmp_path / "d.csv", "file,size,requests,present\nf,60,3,1\ng,30,9,0\n")
    said = told("place", "--demand", demand, "--network", network, "--out", tmp_path / "p.csv")
    assert said["filled"] == 0 and said["files"] == 1 and any("nothing can be filled" in text for text in said["notes"])


def test_a_region_without_demand_takes_the_mean_of_the_others(tmp_path):
    network = write(tmp_path / "network.csv", "cache,disk_bytes,fill_bytes\nx,100,100\nnew,100,100\n")
    demand = write(tmp_path / "d.csv", "cache,file,size,requests\nx,f,60,3\nx,g,30,9\n")
    said = told("place", "--demand", demand, "--network", network, "--out", tmp_path / "p.csv")
    assert said["files"] == 4 and any("no demand is known" in text for text in said["notes"])


def test_the_report_is_one_page_without_scripts_or_addresses(examples, tmp_path):
    out = tmp_path / "page.html"
    told("report", "--example", tmp_path / "e")
    names = ("requests", "files", "network", "links")
    told("report", *(part for name in names for part in (f"--{name}", tmp_path / "e" / f"{name}.csv")), "--out", out)
    page = out.read_text()
    assert page.count("<line ") > 2 and "north to south" in page
    assert page.count("<svg") >= 6 and "<script" not in page and "http" not in page
