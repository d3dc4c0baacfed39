"""`frontrow quality` as scripts see it: JSON on stdout, exit statuses, files, and going on after a stop."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frontrow.cli.quality_examples import BLACK_S, write_delivery
from frontrow.cli.quality_files import deliveries, unique_names
from frontrow.errors import InputError
from frontrow.jobs.measured import Kept
from frontrow.media import example
from frontrow.quality.findings import GROUP_OF
from frontrow.quality.inspection import inspect_film
from frontrow.quality.probe import measure
from frontrow.quality.rules import load_pack
from worlds import commands


def frontrow(*args: object) -> commands.Done:
    return commands.frontrow("quality", *args)


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example: a film that is black for a while, its subtitles, a mild pack."""
    folder = tmp_path_factory.mktemp("delivery")
    write_delivery(folder)
    return folder


def test_the_examples_faults_are_found_reported_and_rejected(delivery: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    film, subtitles = delivery / "film.mp4", delivery / "film.en.srt"
    done = frontrow("inspect", film, subtitles, "--out", out, "--json")
    assert done.returncode == 3, done.stderr
    verdicts = json.loads(done.stdout)
    assert [x["file"] for x in verdicts] == [str(film), str(subtitles)]
    of_film, of_subtitles = verdicts
    assert of_film["verdict"] == "reject"
    assert 0.5 < of_film["risk"] <= 1
    (black,) = (x for x in of_film["findings"] if x["code"] == "black")
    assert (black["start_s"], black["end_s"]) == (
        pytest.approx(BLACK_S[0], abs=0.1),
        pytest.approx(BLACK_S[1], abs=0.1),
    )
    assert {x["code"] for x in of_film["findings"] if x["severity"] == "error"} == {"black"}
    assert "overlap" in {x["code"] for x in of_subtitles["findings"]}
    (sound,) = of_film["sound"]
    assert -28 < sound["integrated_lufs"] < -12
    assert f"{sound['integrated_lufs']:.1f} LUFS integrated" in (out / "film.mp4.html").read_text()
    assert [stream["kind"] for stream in of_film["facts"]["streams"]] == ["video", "audio"]
    for verdict in verdicts:
        assert {GROUP_OF[x["code"]] for x in verdict["findings"]} <= {"picture", "sound", "subtitles"}
        page = (out / verdict["files"]["report"]).read_text()
        assert "<script" not in page
        assert "http://" not in page
        assert "https://" not in page
        assert (out / verdict["files"]["edl"]).read_text().startswith("TITLE: ")
        assert json.loads((out / f"{Path(verdict['file']).name}.json").read_text())["findings"] == verdict["findings"]
    assert "data:image/jpeg;base64," in (out / "film.mp4.html").read_text()
    assert json.loads((out / "verdicts.json").read_text()) == verdicts


def test_a_mild_pack_sends_the_same_film_to_a_person(delivery: Path, tmp_path: Path) -> None:
    done = commands.frontrow(
        "quality", "inspect", delivery / "film.mp4", "--out", tmp_path, "--pack", delivery / "mild.yaml", "--json"
    )
    assert done.returncode == 0, done.stderr
    (verdict,) = json.loads(done.stdout)
    assert verdict["verdict"] == "review"
    assert any("black" in reason for reason in verdict["reasons"])
    assert any(x["detail"].startswith("film.en.srt: ") for x in verdict["findings"])  # it lies beside the film


def test_files_that_cannot_be_read_are_findings_beside_one_that_can(tmp_path: Path) -> None:
    good = tmp_path / "good.mp4"
    example.write(good)
    empty, text, odd = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "odd.srt"
    empty.write_bytes(b"")
    text.write_text("this is no film\n" * 100)
    odd.write_bytes(os.urandom(3000))
    done = frontrow("inspect", empty, good, text, odd, "--out", tmp_path / "out", "--json", "--workers", 2)
    assert done.returncode == 3, done.stderr
    by_name = {Path(x["file"]).name: x for x in json.loads(done.stdout)}
    assert list(by_name) == ["empty.mp4", "good.mp4", "text.mp4", "odd.srt"]
    for name in ("empty.mp4", "text.mp4"):
        assert by_name[name]["verdict"] == "reject"
        assert {x["code"] for x in by_name[name]["findings"]} <= {"unreadable", "unsupported", "growing"}
        assert len(by_name[name]["findings"]) == 1
    assert by_name["good.mp4"]["verdict"] != "reject"
    assert by_name["odd.srt"]["verdict"] == "reject"


def test_a_stopped_inspection_goes_on_and_finds_the_same(tmp_path: Path, film: Any) -> None:
    path, pack = film([(1, 200), (-1, 60), (2, 260)]), load_pack()
    parts: list[Any] = []
    measure(path, keep=parts.append)
    assert len(parts) > 1
    Kept(tmp_path / "kept", path).add(parts[0])  # as a run leaves it that was stopped after its first part
    whole, again = inspect_film(path, pack), inspect_film(path, pack, keep=Kept(tmp_path / "kept", path))
    assert again.measured is not None and whole.measured is not None
    assert again.measured.picture is not None and whole.measured.picture is not None
    np.testing.assert_array_equal(again.measured.picture["at_s"], whole.measured.picture["at_s"])
    np.testing.assert_allclose(again.measured.picture["luma"], whole.measured.picture["luma"], atol=1e-4)
    assert [(x.code, x.start_s) for x in again.verdict.findings] == [
        (x.code, x.start_s) for x in whole.verdict.findings
    ]


def test_what_was_measured_is_not_measured_again_until_the_file_changes(tmp_path: Path, film: Any) -> None:
    path, keep, pack = film([(1, 60)]), tmp_path / "kept", load_pack()
    first = inspect_film(path, pack, keep=Kept(keep, path))
    assert first.measured is not None
    loaded = Kept(keep, path).whole()
    assert loaded is not None
    assert loaded.facts == first.measured.facts
    assert first.measured.picture is not None and loaded.picture is not None
    assert list(loaded.picture) == list(first.measured.picture)
    for name, values in first.measured.picture.items():
        np.testing.assert_array_equal(loaded.picture[name], values)
    os.utime(path, ns=(1, 1))
    assert Kept(keep, path).whole() is None


def test_a_damaged_part_is_measured_again(tmp_path: Path, film: Any) -> None:
    path = film([(1, 20)])
    kept = Kept(tmp_path, path)
    for number in range(2):
        kept.add({"picture": {"at_s": np.arange(3.0) + 3 * number}, "sound": {"1": {"at_s": np.arange(2.0)}}})
    damaged = next(tmp_path.rglob("000001/picture.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-20])
    (part,) = Kept(tmp_path, path).parts()
    assert part["picture"]["at_s"].tolist() == [0, 1, 2]
    assert part["sound"][1]["at_s"].tolist() == [0, 1]


def test_subtitles_belong_to_the_film_of_their_name_or_to_the_only_one(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.b.mp4", "a.en.srt", "a.b.de.vtt", "c.srt", "a.fr.ttml"):
        (tmp_path / name).write_bytes(b"x")
    at = [tmp_path / name for name in ("a.mp4", "a.b.mp4", "a.en.srt", "a.b.de.vtt", "c.srt")]
    first, second, alone = deliveries(at)
    assert [x.name for x in first.named] == ["a.en.srt"]
    assert [x.name for x in first.beside] == ["a.fr.ttml"]
    assert [x.name for x in second.named] == ["a.b.de.vtt"]
    assert (alone.film, alone.named) == (None, (tmp_path / "c.srt",))
    (tmp_path / "subtitles").mkdir()
    apart = (tmp_path / "c.srt").rename(tmp_path / "subtitles" / "a.b.nl.srt")
    assert deliveries([*at[:2], apart])[1].named == (apart,)
    (tmp_path / "c.srt").write_bytes(b"x")
    (only,) = deliveries([tmp_path / "a.mp4", tmp_path / "c.srt"])
    assert only.named == (tmp_path / "c.srt",)


def test_two_files_of_one_name_are_written_apart(tmp_path: Path) -> None:
    names = unique_names([tmp_path / "one" / "a.mp4", tmp_path / "two" / "a.mp4"])
    assert list(names.values()) == ["a.mp4", "a.mp4-2"]


@pytest.mark.parametrize(("name", "because"), [("none.mp4", "does not exist"), (".", "is a folder")])
def test_a_name_that_is_no_file_is_told_before_anything_is_done(tmp_path: Path, name: str, because: str) -> None:
    with pytest.raises(InputError, match=because):
        deliveries([tmp_path / name])


def test_nothing_to_inspect_is_the_users_mistake(tmp_path: Path) -> None:
    done = commands.frontrow("quality", "inspect", "--out", tmp_path)
    assert done.returncode == 2
    assert "--example" in done.stderr
