"""The DASH manifest (ISO/IEC 23009-1) of a package: the same CMAF segments that the HLS playlists name."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from frontrow.delivery.package import AUDIO_KBPS, Rendition, Sound, Text, rates_bps
from frontrow.delivery.thumbnails import Sheet

_TIMESCALE = 1_000_000
_ROLE = "urn:mpeg:dash:role:2011"
_TILES = "http://dashif.org/guidelines/thumbnail_tile"  # DASH-IF interoperability points 4.3, 6.2.6


def manifest(
    renditions: Sequence[Rendition], video_s: Sequence[float], *, sounds: Sequence[tuple[Sound, Sequence[float]]] = (),
    subtitles: Sequence[Text] = (), sheet: Sheet | None = None,
) -> str:  # fmt: skip
    """The manifest as XML. `video_s` are the segments' durations, the same in every rung; each sound has its own.

    Each codec is a set of its own, and the one that needs the fewest bits has the highest priority of selection.
    """
    total_s = sum(video_s)
    root = ElementTree.Element(
        "MPD", xmlns="urn:mpeg:dash:schema:mpd:2011", type="static", minBufferTime="PT4S",
        profiles="urn:mpeg:dash:profile:isoff-live:2011", mediaPresentationDuration=f"PT{total_s:.3f}S",
    )  # fmt: skip
    period = ElementTree.SubElement(root, "Period", id="0", start="PT0S")
    for priority, codec in enumerate(dict.fromkeys(x.rung.codec for x in renditions), 1):
        told = {"segmentAlignment": "true", "startWithSAP": "1", "selectionPriority": str(priority)}
        video = _set(period, "video", "video/mp4", **told)
        _template(video, video_s)
        for x in renditions:
            if x.rung.codec == codec:
                ElementTree.SubElement(
                    video, "Representation", id=x.folder, bandwidth=str(rates_bps(x)[0]), codecs=x.codec,
                    width=str(x.width), height=str(x.rung.height),
                )  # fmt: skip
    for sound, durations_s in sounds:
        audio = _set(period, "audio", "audio/mp4", lang=sound.language, segmentAlignment="true", startWithSAP="1")
        _template(audio, durations_s)
        ElementTree.SubElement(
            audio, "Representation", id=sound.folder, bandwidth=str(1000 * AUDIO_KBPS), codecs="mp4a.40.2"
        )
    for text in subtitles:
        captions = _set(period, "text", "text/vtt", lang=text.language)
        ElementTree.SubElement(captions, "Role", schemeIdUri=_ROLE, value="subtitle")
        line = ElementTree.SubElement(captions, "Representation", id=f"text-{text.language}", bandwidth="256")
        ElementTree.SubElement(line, "BaseURL").text = text.file
    if sheet:
        _images(period, sheet)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _set(period: ElementTree.Element, content: str, kind: str, **attributes: str) -> ElementTree.Element:
    told = {name: value for name, value in attributes.items() if value}
    return ElementTree.SubElement(period, "AdaptationSet", {"contentType": content, "mimeType": kind, **told})


def _template(parent: ElementTree.Element, durations_s: Sequence[float]) -> None:
    """Segments by number, each with its own duration: sound frames do not end where pictures do."""
    template = ElementTree.SubElement(
        parent, "SegmentTemplate", timescale=str(_TIMESCALE), startNumber="0",
        initialization="$RepresentationID$/init.mp4", media="$RepresentationID$/$Number%05d$.m4s",
    )  # fmt: skip
    timeline = ElementTree.SubElement(template, "SegmentTimeline")
    ticks = [round(duration_s * _TIMESCALE) for duration_s in durations_s]
    for number, tick in enumerate(ticks):
        if number and tick == ticks[number - 1]:
            last = timeline[-1]
            last.set("r", str(int(last.get("r", "0")) + 1))
        else:
            ElementTree.SubElement(timeline, "S", {"d": str(tick)} | ({"t": "0"} if number == 0 else {}))


def _images(period: ElementTree.Element, sheet: Sheet) -> None:
    images = _set(period, "image", "image/jpeg")
    width, height = sheet.width * sheet.columns, sheet.height * sheet.rows
    ElementTree.SubElement(
        images, "SegmentTemplate", media="$RepresentationID$/$Number%03d$.jpg", startNumber="0",
        timescale="1", duration=str(round(sheet.interval_s * sheet.columns * sheet.rows)),
    )  # fmt: skip
    image = ElementTree.SubElement(
        images, "Representation", id="thumbnails", bandwidth="10000", width=str(width), height=str(height)
    )
    ElementTree.SubElement(image, "EssentialProperty", schemeIdUri=_TILES, value=f"{sheet.columns}x{sheet.rows}")
