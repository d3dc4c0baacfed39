"""Packaging a film: rungs, sound, subtitles, poster, thumbnails, manifests and the controller's table, as a job too.

Each part is made in its own folder and is whole once what it was made with is noted there, so a stopped run goes on
with the next, and a rung whose CRF is another is made anew.
"""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from frontrow.data.catalogue import Catalogue
from frontrow.delivery import captions, codecs, dash, package
from frontrow.delivery.ladder import Rung, worthwhile
from frontrow.delivery.thumbnails import Sheet
from frontrow.errors import InputError
from frontrow.jobs import artwork, policies
from frontrow.media import transcode
from frontrow.media.conform import Conformed, conform
from frontrow.media.container import resolve
from frontrow.media.probe import probe

if TYPE_CHECKING:
    from frontrow.data.workspace import Workspace
    from frontrow.jobs.worker import JobContext
    from frontrow.schema import Title

FOLDER: Final = "streams"
ABOUT: Final = "package.json"
_MODEST: Final = ((234, 31.0), (360, 29.0), (540, 28.0), (720, 27.0), (1080, 27.0))
"""Height and CRF of each rung of a film whose own ladder was not looked for: half an hour's work saved."""
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
"""Bytes of a title's id that stand for themselves in a folder's name; others are percent-encoded."""
_MADE: Final = ".made"
"""In a finished part's folder: the encoder's arguments."""
_MOST_LINES: Final = 8640
_HIGHEST_CRF: Final = 63.0
_SCENES: Final = 2
_SCENE_S: Final = 4.0
_TIME_S: Final = 3 * 3600.0
Step = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Beside:
    """What goes into a package beside the film."""

    subtitles: Mapping[str, Path] = field(default_factory=dict)
    """Language -> SubRip or WebVTT."""
    poster: Path | None = None
    """A picture; None: a frame at a third of the film."""


def folder_of(workspace: Workspace, title: str) -> Path:
    """Where a title's package lies, whether there is one or not."""
    name = "".join(chr(x) if x in _PLAIN else f"%{x:02X}" for x in title.encode())
    return workspace.root / FOLDER / (name if name.strip(".") else name.replace(".", "%2E"))


def run(context: JobContext, *, title: str, preset: str | None = None) -> dict[str, Any]:
    """Package a title's film in the rungs of its `ladder.json`, or in a modest ladder measured here.

    Subtitles are files beside the film, `film.en.srt` or `film.en.vtt`; the poster is the title's chosen artwork.
    """
    with Catalogue(context.workspace.store_url(context.settings)) as catalogue:
        found = catalogue.get(title)
    film = artwork.film(context.workspace, context.settings.media.roots, found)
    out = folder_of(context.workspace, title)
    kept = context.checkpoint.get("rungs")
    if kept is None:
        own = out / "ladder.json"
        rungs = read_rungs(own) if own.exists() else modest_rungs(film, out, preset, context.step)
        context.checkpoint["rungs"] = [asdict(rung) for rung in rungs]
        context.save()
    else:
        rungs = [Rung(**(rung | {"offsets": tuple(rung.get("offsets", ()))})) for rung in kept]
    beside = Beside(_subtitles_beside(film), _chosen_poster(context.workspace, found))
    told = write(film, rungs, out, preset, beside=beside, step=context.step)
    policies.write_learnt(context.workspace, out)
    return told


def read_rungs(file: Path, wanted: Sequence[str] = ()) -> list[Rung]:
    """The rungs of a `ladder.json`, those of the `wanted` codecs alone where any are named. Raises InputError."""
    try:
        listed = json.loads(file.read_text("utf-8"))["rungs"]
        rungs = [
            Rung(
                int(x["height"]), float(x["crf"]), float(x["bitrate_kbps"]), float(x["vmaf"]),
                codecs.find(str(x.get("codec", codecs.H264.name))).name,
                tuple(int(offset) for offset in x.get("offsets", ())),
            )
            for x in listed
        ]  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} is no ladder: {error}; make one with 'frontrow delivery ladder'") from None
    for rung in rungs:
        if not (0 < rung.height <= _MOST_LINES and 0 <= rung.crf <= _HIGHEST_CRF and 0 < rung.bitrate_kbps < math.inf):
            told = f"{rung.height} lines, CRF {rung.crf:g}, {rung.bitrate_kbps:g} kbit/s"
            raise InputError(f"{file} has a rung that cannot be: {told}")
    folders = Counter(package.folder_of(rung) for rung in rungs)
    if twice := [name for name, count in folders.items() if count > 1]:
        raise InputError(f"{file} has two rungs of the same lines and rate: {twice[0]}; leave one out")
    if missing := set(wanted) - {rung.codec for rung in rungs}:
        name = min(missing)
        raise InputError(f"{file} has no rung in {name}; make it anew with 'frontrow delivery ladder --codec {name}'")
    return [rung for rung in rungs if not wanted or rung.codec in wanted]


def modest_rungs(
    film: Path, out: Path, preset: str | None, step: Step, chosen: Sequence[codecs.Codec] = (codecs.H264,)
) -> list[Rung]:
    """Rungs of fixed heights and CRFs in each codec; rate and VMAF are measured on two scenes of the film."""
    import numpy as np

    from frontrow.delivery.ladder import choose_scenes

    facts = probe(film)
    shown = conform(facts)
    starts = choose_scenes(np.array(transcode.bits_a_second(film), float), _SCENES, _SCENE_S)
    real = resolve(film)
    clips = [transcode.Clip(real, float(at), min(_SCENE_S, facts.duration_s or _SCENE_S), shown) for at in starts]
    heights = [x for x in _MODEST if x[0] <= shown.height] or [(shown.height, 28.0)]
    wanted = [(codec, height, codec.crf_like(crf)) for codec in chosen for height, crf in heights]
    out.mkdir(parents=True, exist_ok=True)
    rungs = []
    for number, (codec, height, crf) in enumerate(wanted):
        step(number, len(wanted), f"trial encodes of {height}p in {codec.name}")
        coded = out / "trial.mp4"
        coding = [*codec.quality(crf, codec.preset_of(preset)), *codec.one_thread]
        rates, scores = [], []
        for clip in clips:
            rates.append(transcode.encode(clip, height, coding, coded))
            scores.append(transcode.vmaf(clip, coded))
        coded.unlink()
        rungs.append(Rung(height, crf, sum(rates) / len(rates), sum(scores) / len(scores), codec.name))
    return [rung for codec in chosen for rung in worthwhile([x for x in rungs if x.codec == codec.name])]


def write(
    film: Path, rungs: Sequence[Rung], out: Path, preset: str | None, *, beside: Beside = Beside(), step: Step
) -> dict[str, Any]:  # fmt: skip
    """Write the package of `film` to `out`; what an earlier run of the same film and preset finished there is kept."""
    facts, real = probe(film), resolve(film)
    shown, families = conform(facts), package.families(rungs)
    out.mkdir(parents=True, exist_ok=True)
    made_of = (real.stat().st_size, real.stat().st_mtime_ns, preset, package.AUDIO_KBPS, *shown.filters)
    _drop_other_work(out, " ".join(map(str, made_of)))
    sheet = Sheet.of(shown.width, shown.height, facts.duration_s)
    ordered = [rung for family in families.values() for rung in family]
    parts = [package.folder_of(rung) for rung in ordered]
    sounds = [
        package.Sound("audio" if track == 0 else f"audio-{track + 1}", language)
        for track, language in enumerate(facts.audio_languages)
    ]
    work: list[tuple[str, list[str]]] = [  # folder, arguments
        *(
            (name, package.video_arguments(x, shown, codecs.find(x.codec).preset_of(preset)))
            for name, x in zip(parts, ordered, strict=True)
        ),
        *((x.folder, package.audio_arguments(track)) for track, x in enumerate(sounds)),
        ("thumbnails", sheet.arguments(shown.still)),
    ]  # fmt: skip
    for number, (name, arguments) in enumerate(work):
        _make(real, out / name, arguments, number / len(work), 1 / len(work), facts.duration_s, step)
    renditions = [_rendition(out / name, rung, shown) for name, rung in zip(parts, ordered, strict=True)]
    texts = _write_subtitles(beside.subtitles, out, facts.duration_s)
    poster = _write_poster(beside.poster, real, facts.duration_s, shown, out)
    video_s = package.durations_s((out / parts[0] / "stream.m3u8").read_text("utf-8"))
    heard = [(x, package.durations_s((out / x.folder / "stream.m3u8").read_text("utf-8"))) for x in sounds]
    (out / "thumbnails.vtt").write_text(sheet.track(sum(video_s)), "utf-8")
    mpd = dash.manifest(renditions, video_s, sounds=heard, subtitles=texts, sheet=sheet)
    (out / "manifest.mpd").write_text(mpd, "utf-8")
    told = [_family([x for x in renditions if x.rung.codec == name]) for name in families]
    about = {
        "segment_s": package.SEGMENT_S, "duration_s": round(sum(video_s), 3), "poster": poster,
        "sounds": [asdict(x) for x in sounds], "subtitles": [asdict(x) for x in texts], "notes": shown.notes,
        **told[0], "alternatives": told[1:],
    }  # fmt: skip
    (out / ABOUT).write_text(json.dumps(about), "utf-8")
    for place, title in policies.titles_of(out).items():
        place.mkdir(exist_ok=True)
        policies.write(place / "policy.json", title, policies.SHIPPED)
    (out / "master.m3u8").write_text(package.master_playlist(renditions, sounds=sounds, subtitles=texts), "utf-8")
    step(1000, 1000, "packaged")
    return {
        "master": str(out / "master.m3u8"), "dash": str(out / "manifest.mpd"), "policy": str(out / "policy.json"),
        "segments": len(video_s), "rungs": len(ordered), "codecs": list(families), "audio": bool(sounds),
        "subtitles": [x.language for x in texts], "notes": shown.notes,
        "bytes": sum(sum(x.segment_bytes) for x in renditions),
    }  # fmt: skip


def _family(renditions: Sequence[package.Rendition]) -> dict[str, Any]:
    """What `package.json` tells of the rungs of one codec: those that play most widely at its top, others below."""
    title = package.manifest_of(renditions)
    return {
        "family": renditions[0].rung.codec,
        "rungs": [asdict(x.rung) | {"folder": x.folder, "width": x.width, "codec": x.codec} for x in renditions],
        "bitrates_kbps": [round(float(x), 1) for x in title.bitrates_kbps],
        "sizes_kbit": [[round(float(x), 1) for x in row] for row in title.sizes_kbit],
    }


def _drop_other_work(out: Path, source: str) -> None:
    """Remove every part that was made of another film, or otherwise."""
    mark = out / ".source"
    if not mark.exists() or mark.read_text("utf-8") != source:
        (out / "master.m3u8").unlink(missing_ok=True)  # it is no whole package any more
        for part in out.glob(f"*/{_MADE}"):  # nothing else that may lie there
            shutil.rmtree(part.parent)
        mark.write_text(source, "utf-8")


def _make(
    film: Path, folder: Path, arguments: list[str], share: float, width: float, film_s: float, step: Step
) -> None:  # fmt: skip
    """Make one part, unless an earlier run finished it with the same arguments."""

    def told(at_s: float) -> None:
        part = min(at_s / film_s, 1.0) if film_s else 0.0
        step(round(1000 * (share + width * part)), 1000, f"packaging {folder.name}")

    told(0.0)
    made, same = folder / _MADE, "\n".join(map(str, arguments))
    if made.exists() and made.read_text("utf-8") == same:
        return
    if made.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    transcode.follow(["-i", film, *arguments], told, time_s=_TIME_S, folder=folder)
    made.write_text(same, "utf-8")


def _rendition(folder: Path, rung: Rung, shown: Conformed) -> package.Rendition:
    sizes = [file.stat().st_size for file in sorted(folder.glob("*.m4s"))]
    codec = codecs.named((folder / "init.mp4").read_bytes())
    return package.Rendition(rung, shown.width_at(rung.height), folder.name, sizes, codec)


def _write_subtitles(subtitles: Mapping[str, Path], out: Path, duration_s: float) -> list[package.Text]:
    texts = []
    for language, file in sorted(subtitles.items()):
        try:
            told = captions.to_webvtt(file.read_text("utf-8"), file.name)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file} cannot be read as UTF-8 text: {error}") from None
        (out / "subtitles").mkdir(exist_ok=True)
        (out / "subtitles" / f"{language}.vtt").write_text(told, "utf-8")
        playlist = package.subtitle_playlist(f"{language}.vtt", duration_s)
        (out / "subtitles" / f"{language}.m3u8").write_text(playlist, "utf-8")
        texts.append(package.Text(language, f"subtitles/{language}.vtt", f"subtitles/{language}.m3u8"))
    return texts


def _write_poster(picture: Path | None, film: Path, duration_s: float, shown: Conformed, out: Path) -> str:
    """`poster.jpg`, at most 1280 wide: the picture that was chosen, or a frame at a third of the film."""
    source = ["-i", picture] if picture else ["-ss", f"{duration_s / 3:.3f}", "-i", film]
    size = "scale='min(1280,iw)':-2"
    if not picture:
        width = min(1280, shown.width)
        size = ",".join(
            (*shown.still, f"scale={width}:{round(shown.height * width / shown.width / 2) * 2}", "setsar=1")
        )
    transcode.run([*source, "-frames:v", "1", "-vf", size, "-q:v", "4", out / "poster.jpg"])
    return "poster.jpg"


def _subtitles_beside(film: Path) -> dict[str, Path]:
    found = {}
    for kind in ("srt", "vtt"):
        for file in film.parent.glob(f"{film.stem}.*.{kind}"):
            language = file.name.removeprefix(film.stem + ".").removesuffix(f".{kind}")
            if 2 <= len(language) <= 3 and language.isascii() and language.isalpha():
                found[language.lower()] = file
    return found


def _chosen_poster(workspace: Workspace, title: Title) -> Path | None:
    """The picture that an editor pinned, or the best one; None where the title has none."""
    shelf = artwork.gallery(workspace)
    entries, pinned = shelf.eligible(title.title), shelf.editor(title.title).pinned
    for entry in sorted(entries, key=lambda x: x["id"] != pinned):
        if name := entry["files"].get("16:9"):
            return shelf.folder(title.title) / str(name)
    return None
