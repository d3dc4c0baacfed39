"""Publishing is one step whatever is killed; what is opened is complete and intact, or says which it stands in for."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontrow.data import artifacts, durable
from frontrow.data.artifacts import Artifact, publish
from frontrow.errors import DamagedArtifact, InputError, StorageFull

DAY_MS = 86_400_000
NOW_MS = 1_764_000_000_123


def put(root: Path, day: int = 0, *, name: str = "model", keep: int = 5, **changes: object) -> Artifact:
    given: dict[str, object] = {
        "config": {"ridge": 20.0},
        "high_water": 100,
        "rows": {"events": 100},
        "metrics": {"recall@20": 0.25},
        "parents": {},
        "files": {
            "B.npy": np.full((64, 64), day, np.float32),
            "titles.parquet": pl.DataFrame({"title": ["a", "b"], "year": [1999, None]}),
            "model.json": {"day": day, "numpy": np.float32(0.5)},
            "ranker.txt": "tree\n",
        },
    }
    files = changes.pop("files", given.pop("files"))
    return publish(root, name, files, **{**given, **changes}, now_ms=NOW_MS + day * DAY_MS, keep=keep)  # type: ignore[arg-type]


def hash_of(artifact: Artifact) -> str:
    return artifact.version.rpartition("-")[2]


def damage(artifact: Artifact, file: str = "B.npy") -> None:
    path = artifact.folder / file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_what_was_published_comes_back_memory_mapped_and_read_only(tmp_path: Path) -> None:
    put(tmp_path, 3)
    artifact = artifacts.open_current(tmp_path, "model")
    assert artifact is not None
    B = artifact.array("B.npy")
    assert isinstance(B, np.memmap)
    assert not B.flags.writeable
    assert (B == 3).all()
    assert artifact.frame("titles.parquet")["year"].to_list() == [1999, None]
    assert artifact.json("model.json") == {"day": 3, "numpy": 0.5}
    assert artifact.text("ranker.txt") == "tree\n"
    assert artifact.manifest.high_water == 100
    assert artifact.manifest.made_at.startswith("2025-11-27")


def test_nothing_published_is_none_and_an_empty_array_can_be_published(tmp_path: Path) -> None:
    assert artifacts.open_current(tmp_path, "model") is None
    assert artifacts.current_version(tmp_path, "model") is None
    assert artifacts.versions(tmp_path, "model") == []
    put(tmp_path, files={"empty.npy": np.zeros((0, 3))})
    artifact = artifacts.open_current(tmp_path, "model")
    assert artifact is not None
    assert artifact.array("empty.npy").shape == (0, 3)


def test_the_hash_is_of_the_content_and_not_of_the_time(tmp_path: Path) -> None:
    assert hash_of(put(tmp_path / "one", 0)) == hash_of(put(tmp_path / "two", 9, files=put_files(0)))


def put_files(day: int) -> dict[str, object]:
    return {
        "ranker.txt": "tree\n",
        "B.npy": np.asfortranarray(np.full((64, 64), day, np.float32)),
        "model.json": {"numpy": 0.5, "day": np.int64(day)},
        "titles.parquet": pl.concat(  # in two chunks
            [
                pl.DataFrame({"title": ["a"], "year": [1999]}),
                pl.DataFrame({"title": ["b"], "year": [None]}, schema={"title": pl.String, "year": pl.Int64}),
            ]
        ),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"ridge": 21.0}},
        {"high_water": 101},
        {"rows": {"events": 99}},
        {"metrics": {"recall@20": 0.26}},
        {"parents": {"other": f"20260101T000000000Z-{'0' * 16}"}},
        {"files": {"B.npy": np.zeros(3)}},
    ],
)
def test_the_hash_changes_with_everything_that_a_version_is_made_of(tmp_path: Path, changes: dict[str, object]) -> None:
    assert hash_of(put(tmp_path)) != hash_of(put(tmp_path, 1, **changes))


def test_a_parent_counts_by_its_content(tmp_path: Path) -> None:
    early = put(tmp_path, 1, parents={"other": f"20260101T000000000Z-{'a' * 16}"}, files={})
    late = put(tmp_path, 2, parents={"other": f"20260202T000000000Z-{'a' * 16}"}, files={})
    assert hash_of(early) == hash_of(late)


@pytest.mark.parametrize("file", ["B.npy", "titles.parquet", "model.json", "ranker.txt", "manifest.json"])
@pytest.mark.parametrize("harm", [damage, lambda artifact, file: (artifact.folder / file).unlink()])
def test_a_damaged_or_missing_file_makes_the_older_version_stand_in(
    tmp_path: Path, file: str, harm: Callable[[Artifact, str], None]
) -> None:
    older, newer = put(tmp_path, 1), put(tmp_path, 2)
    harm(newer, file)
    with pytest.raises(DamagedArtifact, match=newer.version):
        artifacts.open_version(tmp_path, "model", newer.version)
    stand_in = artifacts.open_current(tmp_path, "model")
    assert stand_in is not None
    assert (stand_in.version, stand_in.fallback_from) == (older.version, newer.version)


def test_all_damaged_is_an_error_and_a_garbled_pointer_falls_back_to_the_newest(tmp_path: Path) -> None:
    older, newer = put(tmp_path, 1), put(tmp_path, 2)
    (tmp_path / "model" / "current").write_bytes(b"\xff\x00")
    artifact = artifacts.open_current(tmp_path, "model")
    assert artifact is not None
    assert (artifact.version, artifact.fallback_from) == (newer.version, "unreadable")
    damage(older)
    damage(newer)
    with pytest.raises(DamagedArtifact, match="fit it again"):
        artifacts.open_current(tmp_path, "model")


def test_a_manifest_cannot_reach_outside_its_folder(tmp_path: Path) -> None:
    artifact = put(tmp_path)
    (tmp_path / "secret.npy").write_bytes((artifact.folder / "B.npy").read_bytes())
    body = json.loads((artifact.folder / "manifest.json").read_text())
    body["files"]["../../secret.npy"] = body["files"].pop("B.npy")
    version = f"20260101T000000000Z-{artifacts._digest(body)}"
    body["version"] = version
    artifact.folder.rename(artifact.folder.with_name(version))
    (tmp_path / "model" / version / "manifest.json").write_text(json.dumps(body))
    with pytest.raises(DamagedArtifact, match="secret"):
        artifacts.open_version(tmp_path, "model", version)


@pytest.mark.parametrize("name", ["../model", "a/b", "", ".", "Model", "a" * 65, "-a"])
def test_a_name_that_is_no_folder_of_ours_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no name of an artifact"):
        put(tmp_path, name=name)


@pytest.mark.parametrize("file", ["../x.npy", "manifest.json", "x.pkl", "x", "a/b.npy", ".x.npy"])
def test_a_file_name_that_is_none_of_ours_is_refused_and_nothing_is_left(tmp_path: Path, file: str) -> None:
    with pytest.raises(ValueError, match="no file of an artifact"):
        put(tmp_path, files={file: b""})
    assert artifacts.versions(tmp_path, "model") == []
    assert [x.name for x in (tmp_path / "model").iterdir()] == [".lock"]


def test_objects_that_would_need_pickle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        put(tmp_path, files={"x.npy": np.array([{}], dtype=object)})


@settings(deadline=None, max_examples=40)  # each example syncs files to the disk
@given(days=st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True), keep=st.integers(1, 4))
def test_the_newest_and_the_current_are_kept(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], keep: int
) -> None:
    root = tmp_path_factory.mktemp("root")
    made = [put(root, day, keep=keep, files={}).version for day in days]
    gc.collect()
    artifacts.collect(root, "model", keep)
    assert artifacts.current_version(root, "model") == made[-1]
    assert artifacts.versions(root, "model") == sorted({*sorted(made)[-keep:], made[-1]}, reverse=True)


def test_a_version_that_a_reader_has_open_is_not_collected(tmp_path: Path) -> None:
    put(tmp_path, 1)
    held = artifacts.open_current(tmp_path, "model")
    assert held is not None
    for day in (2, 3, 4):
        put(tmp_path, day, keep=1)
    gc.collect()
    artifacts.collect(tmp_path, "model", 1)
    assert held.text("ranker.txt") == "tree\n"
    assert len(artifacts.versions(tmp_path, "model")) == 2
    array, version = held.array("B.npy"), held.version
    del held
    gc.collect()
    assert artifacts.collect(tmp_path, "model", 1) == [version]
    assert (array == 1).all()  # a removed file lives on in whoever has mapped it


def test_rollback_goes_to_the_newest_older_intact_version_or_to_the_one_named(tmp_path: Path) -> None:
    one, two, three = (put(tmp_path, day) for day in (1, 2, 3))
    damage(two)
    assert artifacts.rollback(tmp_path, "model").version == one.version
    assert artifacts.current_version(tmp_path, "model") == one.version
    with pytest.raises(InputError, match="no intact version"):
        artifacts.rollback(tmp_path, "model")
    assert artifacts.rollback(tmp_path, "model", three.version).version == three.version
    with pytest.raises(DamagedArtifact):
        artifacts.rollback(tmp_path, "model", two.version)
    with pytest.raises(InputError, match="is no version"):
        artifacts.rollback(tmp_path, "model", "../x")
    assert artifacts.current_version(tmp_path, "model") == three.version


def test_after_a_rollback_damage_never_leads_back_to_what_was_turned_away_from(tmp_path: Path) -> None:
    one, two, _three = (put(tmp_path, day) for day in (1, 2, 3))
    artifacts.rollback(tmp_path, "model", two.version)
    damage(two)
    artifact = artifacts.open_current(tmp_path, "model")
    assert artifact is not None
    assert artifact.version == one.version


def test_publishers_at_once_all_succeed_and_the_pointer_names_one_of_them(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def one(day: int) -> str:
        together.wait()
        return put(tmp_path, day, keep=20).version

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(8)))
    assert artifacts.versions(tmp_path, "model") == sorted(made, reverse=True)
    assert artifacts.current_version(tmp_path, "model") in made
    for version in made:
        artifacts.open_version(tmp_path, "model", version)


def test_the_same_content_at_the_same_millisecond_is_the_same_version(tmp_path: Path) -> None:
    assert put(tmp_path, 1).version == put(tmp_path, 1).version
    assert len(artifacts.versions(tmp_path, "model")) == 1


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = put(tmp_path, 1)

    def full(path: Path, value: object) -> None:
        with Path("/dev/full").open("wb") as device:  # the kernel's own answer of a full disk
            device.write(b"x")

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(StorageFull, match="no room"):
        put(tmp_path, 2)
    assert artifacts.versions(tmp_path, "model") == [before.version]
    assert sorted(x.name for x in (tmp_path / "model").iterdir()) == [".lock", before.version, "current"]


PUBLISHER = """
import sys
from pathlib import Path
import numpy as np
from frontrow.data.artifacts import publish
root, first = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
for day in range(first, first + 10_000):
    arrays = {f"a{i}.npy": np.full(20_000, day, np.float32) for i in range(4)}
    manifest = dict(config={}, high_water=day, rows={}, metrics={}, parents={})
    publish(root, "model", arrays, **manifest, now_ms=day * 1000, keep=3)
    print(day, flush=True)
"""


@pytest.mark.crash
def test_kill_minus_nine_while_publishing_always_leaves_a_complete_version(tmp_path: Path) -> None:
    """Eight kills at different moments; the reader beside never meets half a version."""
    rng = np.random.default_rng(0)
    stop, seen, faults = threading.Event(), set(), []

    def read() -> None:
        while not stop.is_set():
            try:
                artifact = artifacts.open_current(tmp_path, "model")
                if artifact is None:
                    continue
                days = {float(artifact.array(f"a{i}.npy")[j]) for i in range(4) for j in (0, -1)}
                assert len(days) == 1
                assert artifact.fallback_from is None
                seen.add(artifact.version)
            except (AssertionError, DamagedArtifact) as error:
                faults.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    first = 1
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(tmp_path), str(first)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(int(rng.integers(1, 4))):
            first = int(process.stdout.readline()) + 1
        spin = int(rng.integers(0, 200_000))
        while spin:  # somewhere within the next publication
            spin -= 1
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    stop.set()
    reader.join()
    assert not faults
    assert seen
    gc.collect()
    artifacts.collect(tmp_path, "model", 3)
    assert not [x for x in (tmp_path / "model").iterdir() if x.name.startswith(".publishing-")]
    assert len(artifacts.versions(tmp_path, "model")) <= 4


def test_opening_and_closing_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    put(tmp_path)
    gc.collect()
    before = descriptors()
    for _ in range(50):
        artifacts.open_current(tmp_path, "model")
    gc.collect()
    assert descriptors() <= before
