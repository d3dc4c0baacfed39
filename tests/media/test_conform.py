"""Films as they are shown: whatever the file holds, encodes are upright, square, steady, in SDR, and judged as such."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from frontrow.delivery import codecs
from frontrow.errors import UnreadableMedia
from frontrow.media import transcode
from frontrow.media.conform import Conformed, conform
from frontrow.media.container import resolve
from frontrow.media.probe import probe

MOVING = "testsrc2=size=192x108:rate=24:duration=2"
PLAIN = ["-pix_fmt", "yuv420p", "-preset", "ultrafast"]
PQ = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
HLG = "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"
DEEP = ["-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"]


def make(folder: Path, graph: str, *coding: str) -> Path:
    film = folder / "film.mp4"
    transcode.run(["-f", "lavfi", "-i", graph, *(coding or PLAIN), film])
    return film


def turned(folder: Path, degrees: int) -> Path:
    """A phone's film: coded on its side, with a note of how to hold it."""
    upright = make(folder, MOVING)
    film = folder / "turned.mp4"
    transcode.run(["-display_rotation", str(-degrees), "-i", upright, "-c", "copy", film])
    return film


def film_of(kind: str, folder: Path) -> Path:
    match kind:
        case "turned":
            return turned(folder, 90)
        case "upside down":
            return turned(folder, 180)
        case "oblong pixels":
            return make(folder, f"{MOVING},setsar=4/3")
        case "turned, oblong pixels":
            make(folder, f"{MOVING},setsar=4/3").rename(folder / "wide.mp4")
            out = folder / "turned.mp4"
            transcode.run(["-display_rotation", "-90", "-i", folder / "wide.mp4", "-c", "copy", out])
            return out
        case "wavering rate":
            return make(folder, f"{MOVING},select='not(between(mod(n,24),5,9))'", "-fps_mode", "vfr", *PLAIN)
        case "odd size":
            return make(folder, "testsrc2=size=193x109:rate=24:duration=2", "-pix_fmt", "yuv444p")
        case "ten bits":
            return make(folder, MOVING, *DEEP)
        case "PQ":
            return make(folder, f"{MOVING},{PQ}", *DEEP)
        case "HLG":
            return make(folder, f"{MOVING},{HLG}", *DEEP)
        case "interlaced":
            fields = "testsrc2=size=192x108:rate=48:duration=2,interlace=scan=tff"
            return make(folder, fields, "-flags", "+ilme+ildct", "-x264opts", "tff=1", *PLAIN)
        case "many frames":
            return make(folder, "testsrc2=size=192x108:rate=120:duration=2")
    raise AssertionError(kind)


KINDS = {
    "turned": (108, 192, "turned upright by 90"),
    "upside down": (192, 108, "turned upright by 180"),
    "oblong pixels": (256, 108, "pixels of 1.333:1 made square"),
    "turned, oblong pixels": (108, 256, "made square"),
    "wavering rate": (192, 108, "a wavering frame rate"),
    "odd size": (192, 108, ""),
    "ten bits": (192, 108, "yuv420p10le reduced to 8 bits"),
    "PQ": (192, 108, "HDR (PQ) mapped to SDR"),
    "HLG": (192, 108, "HDR (HLG) mapped to SDR"),
    "interlaced": (192, 108, "deinterlaced"),
    "many frames": (192, 108, "120 frames a second made 60"),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_encode_has_the_shown_size_and_is_judged_against_the_shown_picture(tmp_path, kind):
    width, height, note = KINDS[kind]
    film = film_of(kind, tmp_path)
    shown = conform(film)
    assert (shown.width, shown.height) == (width, height)
    assert note in "; ".join(shown.notes) and bool(note) == bool(shown.notes)
    clip, coded = transcode.Clip(resolve(film), 0.0, 2.0, shown), tmp_path / "coded.mp4"
    transcode.encode(clip, height, codecs.H264.quality(12.0, "ultrafast"), coded)
    assert transcode.vmaf(clip, coded) > 88, "the two pictures do not lie on each other"
    facts = probe(coded)
    assert (facts.width, facts.height, facts.pixel_format) == (width, height, "yuv420p")
    assert facts.pixel_aspect == 1.0 and facts.rotation_degrees == 0 and not facts.interlaced and not facts.transfer
    assert facts.frame_rate == pytest.approx(facts.nominal_rate, rel=0.01), "the rate is steady"
    assert transcode.scaled_vmaf(clip, 64) < transcode.scaled_vmaf(clip, height)


def test_hdr_is_mapped_and_not_shown_as_if_it_were_sdr(tmp_path):
    film = film_of("PQ", tmp_path)
    mapped, raw = conform(film), Conformed(192, 108)
    coded = tmp_path / "coded.mp4"
    real = resolve(film)
    transcode.encode(transcode.Clip(real, 0.0, 2.0, mapped), 108, codecs.H264.quality(12.0, "ultrafast"), coded)
    assert transcode.vmaf(transcode.Clip(real, 0.0, 2.0, raw), coded) < 60, "it is another picture"


def test_nearly_square_pixels_are_square_and_a_plain_film_is_left_alone(tmp_path):
    assert conform(make(tmp_path, f"{MOVING},setsar=399/400")) == Conformed(192, 108, 24.0)


@pytest.mark.parametrize(("pixel_format", "reduced"), [("nv12", False), ("yuv410p", False), ("p010le", True)])
def test_only_formats_of_more_than_eight_bits_are_said_to_be_reduced(tmp_path, pixel_format, reduced):
    facts = replace(probe(make(tmp_path, "testsrc2=size=64x64:rate=24:duration=1")), pixel_format=pixel_format)
    assert bool(conform(facts).notes) == reduced


def test_a_picture_too_small_to_be_judged_is_refused(tmp_path):
    with pytest.raises(UnreadableMedia, match="24 x 16 pixels; 32 a side are needed"):
        conform(make(tmp_path, "testsrc2=size=24x16:rate=24:duration=1"))
