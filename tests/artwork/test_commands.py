"""The commands as scripts see them: JSON on stdout, exit statuses, files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from frontrow.artwork import making
from frontrow.artwork.candidates import CandidateConfig
from frontrow.jobs import pictures
from frontrow.media import example
from worlds import commands


def frontrow(*args: object, cache: Path | None = None) -> commands.Done:
    with patch.dict(os.environ, {"FRONTROW_CACHE": str(cache or "/nonexistent")}):
        return commands.frontrow("artwork", *args)


def test_shots_of_the_example_are_those_that_it_says(tmp_path: Path) -> None:
    assert frontrow("shots", "--example", tmp_path).returncode == 0
    done = frontrow("shots", tmp_path / "film.mp4", "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)["shots"]
    assert [x["transition"] for x in found] == ["start", "cut", "dissolve"]
    assert found[1]["start_s"] == pytest.approx(example.CUT_S)
    assert example.DISSOLVE_S[0] <= found[2]["start_s"] <= example.DISSOLVE_S[1]
    assert found[2]["end_s"] == pytest.approx(example.LENGTH_S, abs=0.05)


@pytest.mark.parametrize("preview", [False, True])
def test_candidates_write_every_shape_and_say_why(tmp_path: Path, preview: bool) -> None:
    example.write(tmp_path / "film.mp4")
    options = ["--preview"] if preview else []
    done = frontrow(
        "candidates", tmp_path / "film.mp4", "--out", tmp_path / "out", "--title", "A Film", *options, "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["refused"] is None
    assert told["candidates"]
    for candidate in told["candidates"]:
        assert set(candidate["files"]) == {"16:9", "2:3", "1:1", "21:9"}
        assert 0 <= candidate["score"] <= 1
        assert "technical" in candidate["reasons"]
        for file in candidate["files"].values():
            assert 0 < (tmp_path / "out" / file).stat().st_size <= 100_000
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["candidates"]
    assert not (tmp_path / "out" / ".signals").exists()


def test_many_films_give_a_folder_each_in_one_run(tmp_path: Path, film: Any) -> None:
    one, two = film([(1, 40), (2, 40)], "one.mp4"), film([(3, 40)], "two.mp4")
    done = frontrow("candidates", one, two, "--out", tmp_path / "out", "--workers", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert [x["video"] for x in json.loads(done.stdout)] == ["one.mp4", "two.mp4"]
    assert (tmp_path / "out" / "one" / "manifest.json").exists()
    assert (tmp_path / "out" / "two" / "manifest.json").exists()


def test_a_black_film_has_no_suitable_frame_and_exit_status_3(tmp_path: Path, film: Any) -> None:
    black = film([(-1, 60)], "black.mp4")
    done = frontrow("candidates", black, "--out", tmp_path / "out", "--json")
    assert done.returncode == 3
    assert "black" in json.loads(done.stdout)["refused"]


def test_bad_input_is_one_line_and_exit_status_2(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a film")
    for args in (["shots", tmp_path / "none.mp4"], ["shots", tmp_path / "text.mp4"], ["shots"]):
        done = frontrow(*args)
        assert done.returncode == 2
        assert done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1


def test_one_unreadable_film_of_many_does_not_stop_the_others(tmp_path: Path, film: Any) -> None:
    good = film([(1, 30), (2, 30)], "good.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"")
    done = frontrow("shots", tmp_path / "bad.mp4", good, "--json")
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert "is empty" in told[0]["unreadable"]
    assert len(told[1]["shots"]) == 2


def test_a_film_that_was_cut_off_says_where_its_picture_ends(tmp_path: Path, film: Any) -> None:
    import av

    whole, short = film([(1, 250)]), tmp_path / "short.mkv"
    with av.open(str(whole)) as source, av.open(str(short), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    short.write_bytes(short.read_bytes()[: short.stat().st_size // 2])
    _, seen = making.find_shots(short)
    (fault,) = seen.faults
    assert fault.endswith("of 10.0 s; the file may be cut off")
    assert making.find_shots(whole)[1].faults == []


def test_a_place_for_pictures_that_is_a_file_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = frontrow("candidates", tmp_path / "none.mp4", "--out", tmp_path / "file" / "deeper")
    assert done.returncode == 2
    assert "is a file; name a folder" in done.stderr


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, film: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_SAVE_EVERY", 1)
    path = film([(1, 300), (2, 300)])

    class Stop(Exception):
        pass

    def stop_late(done: int, total: int, text: str) -> None:
        if len(list((tmp_path / "out").rglob("*.npz"))) >= 1:
            raise Stop

    with pytest.raises(Stop):
        pictures.make(path, tmp_path / "out", 2, CandidateConfig(), kind="jpeg", step=stop_late)
    seen: list[int] = []
    resumed = pictures.make(
        path, tmp_path / "out", 2, CandidateConfig(), kind="jpeg", step=lambda done, *_: seen.append(done)
    )
    whole = pictures.make(path, tmp_path / "whole", 2, CandidateConfig(), kind="jpeg")
    assert resumed == whole
    assert seen[0] > 12  # the first ten seconds were not looked at again
    assert not (tmp_path / "out" / ".signals").exists()


def test_what_a_stopped_run_left_goes_with_the_film_and_the_kind_of_pass_and_may_be_damaged(
    tmp_path: Path, film: Any
) -> None:
    path = film([(1, 30)])
    kept = pictures._Kept(tmp_path, path, preview=False)
    for number in range(2 * pictures._SAVE_EVERY):
        kept.add({"at_s": np.array([float(number)])})
    files = sorted((tmp_path / ".signals").rglob("*.npz"))
    assert [x["at_s"].tolist()[-1] for x in pictures._Kept(tmp_path, path, preview=False).load()] == [19.0, 39.0]
    assert list(pictures._Kept(tmp_path, path, preview=True).load()) == []
    files[1].write_bytes(files[1].read_bytes()[:-30])
    assert len(list(pictures._Kept(tmp_path, path, preview=False).load())) == 1
    path.write_bytes(path.read_bytes() + b"more")
    assert list(pictures._Kept(tmp_path, path, preview=False).load()) == []
