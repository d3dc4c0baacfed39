"""Damage to the picture: each kind is a filter graph (or an encode) and the span that it touches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from frontrow.media import rework
from frontrow.media.damage.task import Done, Task, during

_INTERLACED: Final = ("-c:v", "libx264", "-preset", "superfast", "-crf", "14", "-flags", "+ildct+ilme")
_WORDS: Final = ("SCREENER COPY", "NOT FOR BROADCAST", "REC 01:02:03:04", "TEST VERSION 3", "PROPERTY OF THE STUDIO")


def black(task: Task) -> Done:
    """The picture is gone: black level for .8 to 8 s."""
    return _filter_span(task, (0.8, 8.0), "lutyuv=y=16:u=128:v=128", "picture replaced by black")


def freeze(task: Task) -> Done:
    """Frames are lost for 1 to 8 s and the last one before them stands in."""
    start, end = task.span(1.0, 8.0)
    _write(task, f"{_drop(task, f'{during(start, end)}*gt(t,{start + 1e-4:.5f})')},fps={task.shape.rate}")
    return Done(start, end, f"the frame at {start:.3f} s repeated for {end - start:.2f} s")


def frozen_tail(task: Task) -> Done:
    """The last 1 to 8 s stand still."""
    length = min(task.grade(1.0, 8.0), task.shape.duration_s / 2)
    start = task.shape.duration_s - length
    _write(task, f"trim=end={start:.5f},tpad=stop_mode=clone:stop_duration={length:.5f}")
    return Done(start, task.shape.duration_s, f"the last frame before {start:.2f} s repeated to the end")


def repeated_frames(task: Task) -> Done:
    """Single frames are replaced by the one before: 3% to 30% of a span of 4 to 8 s, irregularly."""
    start, end = task.span(4.0, 8.0)
    share = task.grade(0.03, 0.3)
    hit = _frames(task, start, end, share)
    _write(task, f"{_drop(task, _any(hit))},fps={task.shape.rate}")
    return Done(start, end, f"{len(hit)} single frames replaced by the one before ({share:.0%})")


def dropped_frames(task: Task) -> Done:
    """The same frames are missing and their times stay open, as a capture that could not keep up writes it."""
    start, end = task.span(4.0, 8.0)
    share = task.grade(0.03, 0.3)
    hit = _frames(task, start, end, share)
    encode = ("-c:v", "libx264", "-preset", "superfast", "-crf", "14", "-pix_fmt", "yuv420p", "-fps_mode", "vfr")
    _write(task, _drop(task, _any(hit)), encode=encode)
    return Done(start, end, f"{len(hit)} frames left out ({share:.0%}), their times left open")


def cadence(task: Task) -> Done:
    """A lower frame rate brought up by repeating every nth frame, for 5 s to the whole clip: n from 12 down to 3."""
    start, end = task.span(5.0, max(6.0, task.shape.duration_s))
    every = round(task.grade(12, 3))
    _write(task, f"{_drop(task, f'{during(start, end)}*eq(mod(n,{every}),0)*gt(n,0)')},fps={task.shape.rate}")
    return Done(start, end, f"every {every}th frame replaced by the one before")


def stuck_pixel(task: Task) -> Done:
    """One to four pixels (squares of two from 1080 lines on) keep one colour through the whole clip."""
    size = 2 if task.shape.height >= 1080 else 1
    boxes = [
        f"drawbox=x={x}:y={y}:w={size}:h={size}:color={colour}@{task.grade(0.45, 1):.2f}:t=fill"
        for x, y, colour in _places(task, round(task.grade(1, 4)))
    ]
    _write(task, ",".join(boxes))
    return Done(0.0, task.shape.duration_s, f"{len(boxes)} stuck pixels of {size} x {size}")


def hot_pixel(task: Task) -> Done:
    """Single frames have a white speck of 2 to 4 pixels, 2 to 12 times."""
    count, size = round(task.grade(2, 12)), round(task.grade(2, 4))
    frames = np.sort(task.rng.choice(_last_frame(task) - 2, count, replace=False) + 1)
    boxes = [
        f"drawbox=x={x}:y={y}:w={size}:h={size}:color=white:t=fill:enable='eq(n,{frame})'"
        for frame, (x, y, _) in zip(frames, _places(task, count), strict=True)
    ]
    _write(task, ",".join(boxes))
    rate = task.shape.frame_rate
    places = ", ".join(f"{frame / rate:.2f}" for frame in frames)
    return Done(float(frames[0] / rate), float((frames[-1] + 1) / rate), f"specks of {size} x {size} at {places} s")


def macroblocking(task: Task) -> Done:
    """A span of 2 to 6 s is encoded by x264 with 2% down to .1% of a bit a pixel, without its deblocking filter."""
    kbps = task.grade(0.02, 0.001) * task.shape.width * task.shape.height * task.shape.frame_rate / 1000
    rate = f"{max(kbps, 4):.0f}k"
    encode = ("-c:v", "libx264", "-preset", "veryfast", "-b:v", rate, "-maxrate", rate, "-bufsize", rate,
              "-x264-params", "no-deblock=1:aq-mode=0", "-pix_fmt", "yuv420p")  # fmt: skip
    return _encode_span(task, encode, f"x264 at {rate}bit/s without deblocking")


def macroblocking_mpeg2(task: Task) -> Done:
    """The same by MPEG-2 at a quantiser of 12 to 31."""
    quantiser = f"{task.grade(12, 31):.0f}"
    encode = ("-c:v", "mpeg2video", "-qmin", quantiser, "-qmax", quantiser, "-g", "12", "-pix_fmt", "yuv420p")
    return _encode_span(task, encode, f"MPEG-2 with quantiser {quantiser}")


def combing(task: Task) -> Done:
    """The bottom field comes one frame late for 1 to 6 s: two moments in one picture, shown as progressive."""
    return _filter_span(task, (1.0, 6.0), "phase=mode=t", "bottom field of the frame before")


def combing_interlaced(task: Task) -> Done:
    """The whole clip is interlaced (two frames to one) and shown as progressive."""
    _write(task, "crop=iw:trunc(ih/2)*2,tinterlace=mode=interleave_top,setfield=prog")
    return Done(0.0, task.shape.duration_s, "two frames woven into one, flagged progressive")


def field_order(task: Task) -> Done:
    """Interlaced with the top field first and flagged as bottom first: motion goes back and forth."""
    encode = (*_INTERLACED, "-x264-params", "bff=1", "-field_order", "bb", "-pix_fmt", "yuv420p")
    _write(task, "crop=iw:trunc(ih/2)*2,tinterlace=mode=interleave_top,setfield=bff", encode=encode)
    return Done(0.0, task.shape.duration_s, "top field first, flagged bottom first")


def window_letterbox(task: Task) -> Done:
    """Black bars of 2.5% to 15% of the height come above and below for 2 to 8 s."""
    bar = 2 * round(task.grade(0.025, 0.15) * task.shape.height / 2)
    start, end = task.span(2.0, 8.0)
    box = f"drawbox=x=0:w=iw:color=black:t=fill:enable='{during(start, end)}'"
    _write(task, f"{box}:y=0:h={bar},{box}:y=ih-{bar}:h={bar}")
    return Done(start, end, f"bars of {bar} lines above and below")


def window_pillarbox(task: Task) -> Done:
    """The picture shrinks between side bars of 2.5% to 15% of the width for 2 to 8 s."""
    start, end = task.span(2.0, 8.0)
    inner = task.shape.width - 4 * round(task.grade(0.025, 0.15) * task.shape.width / 2)
    size = f"{task.shape.width}:{task.shape.height}"
    graph = f"split[a][b];[b]scale={inner}:{task.shape.height},pad={size}:(ow-iw)/2:0:black,setsar=1[c];"
    _write(task, f"{graph}[a][c]overlay=enable='{during(start, end)}'")
    return Done(start, end, f"picture squeezed to {inner} of {task.shape.width} columns between bars")


def level_range(task: Task) -> Done:
    """Limited levels stretched towards full range (16-235 to 16-15s .. 235+20s) in a stream flagged as limited."""
    low, high = 16 - 15 * task.severity, 235 + 20 * task.severity
    _write(task, f"lutyuv=y='clip((val-16)*{(high - low) / 219:.5f}+{low:.3f},0,255)',setparams=range=limited")
    return Done(0.0, task.shape.duration_s, f"luma 16-235 stretched to {low:.0f}-{high:.0f}")


def missing_chroma(task: Task) -> Done:
    """Colour is gone for 1 to 6 s."""
    return _filter_span(task, (1.0, 6.0), "lutyuv=u=128:v=128", "both colour planes at 128")


def missing_chroma_plane(task: Task) -> Done:
    """One of the two colour planes is gone for 1 to 6 s."""
    plane = "uv"[int(task.rng.integers(2))]
    return _filter_span(task, (1.0, 6.0), f"lutyuv={plane}=128", f"colour plane {plane} at 128")


def chroma_flash(task: Task) -> Done:
    """One to five frames are green: a decoder's buffer of zeros."""
    count = round(task.grade(1, 5)) / task.shape.frame_rate
    return _filter_span(task, (count, count), "lutyuv=y=0:u=0:v=0", "frames of zeros, shown as green")


def banding(task: Task) -> Done:
    """Luma and chroma keep 64 down to 13 levels, without dither, for 2 to 8 s."""
    step = round(task.grade(4, 20))
    value = f"'floor(val/{step})*{step}+{step // 2}'"
    return _filter_span(task, (2.0, 8.0), f"lutyuv=y={value}:u={value}:v={value}", f"values in steps of {step}")


def blur(task: Task) -> Done:
    """Out of focus for 2 to 8 s: a Gaussian of .1% to .7% of the height."""
    sigma = task.grade(0.001, 0.007) * task.shape.height
    return _filter_span(
        task, (2.0, 8.0), f"gblur=sigma={sigma:.3f}:steps=2", f"Gaussian blur, sigma {sigma:.2f} pixels"
    )


def aspect(task: Task) -> Done:
    """The shape of a pixel is flagged wrong: 6% to 33% too wide or too narrow."""
    wide = 1 + task.grade(0.06, 1 / 3)
    ratio = wide if task.rng.integers(2) else 1 / wide
    _write(task, f"setsar=ratio={ratio:.4f}:max=1000")
    return Done(0.0, task.shape.duration_s, f"pixels flagged {ratio:.3f} as wide as high, square in truth")


def flashing(task: Task) -> Done:
    """The whole picture flashes 4 to 10 times a second for 2 to 5 s, by 50 to 190 steps of luma."""
    lift, rate = task.grade(50, 190), task.grade(4, 10)
    start, end = task.span(2.0, 5.0)
    on = f"{during(start, end)}*lt(mod((t-{start:.4f})*{rate:.3f},1),0.5)"
    _write(task, f"lutyuv=y='min(val*0.8+{lift:.0f},235)':enable='{on}'")
    return Done(start, end, f"{rate:.1f} flashes a second of {lift:.0f} steps of luma")


def flashing_red(task: Task) -> Done:
    """Saturated red over the whole picture, 4 to 8 times a second for 2 to 5 s."""
    rate = task.grade(4, 8)
    start, end = task.span(2.0, 5.0)
    on = f"{during(start, end)}*lt(mod((t-{start:.4f})*{rate:.3f},1),0.5)"
    _write(task, f"lutyuv=y=81:u=90:v=240:enable='{on}'")
    return Done(start, end, f"{rate:.1f} flashes of saturated red a second")


def burnt_in_text(task: Task) -> Done:
    """Words lie over the picture for 2 to 8 s, 2.5% to 8% of the height, opacity from .5 to 1."""
    size, opacity = round(task.grade(0.025, 0.08) * task.shape.height), task.grade(0.5, 1)
    start, end = task.span(2.0, 8.0)
    words = str(task.rng.choice(_WORDS))
    x, y = (float(task.rng.uniform(low, high)) for low, high in ((0.05, 0.4), (0.06, 0.86)))
    drawn = task.out.with_name(f"{task.out.stem}.words.png")
    try:
        _draw_words(drawn, words, size, opacity)
        place = f"x='min(W*{x:.3f},W-w)':y='min(H*{y:.3f},H-h)'"
        _write(task, f"null[a];[a][1:v]overlay={place}:enable='{during(start, end)}'", inputs=[drawn])
    finally:
        drawn.unlink(missing_ok=True)
    return Done(start, end, f"'{words}' at {size} pixels, opacity {opacity:.2f}")


def _draw_words(path: Path, words: str, size: int, opacity: float) -> None:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(max(size, 8))
    left, top, right, bottom = (int(edge) for edge in font.getbbox(words, stroke_width=1))
    image = Image.new("RGBA", (right - left + 4, bottom - top + 4))
    shade = int(255 * opacity)
    ImageDraw.Draw(image).text(
        (2 - left, 2 - top), words, (255, 255, 255, shade), font, stroke_width=1, stroke_fill=(0, 0, 0, shade)
    )
    image.save(path)


def _filter_span(task: Task, lengths_s: tuple[float, float], name: str, how: str) -> Done:
    """One filter, switched on during a span."""
    start, end = task.span(*lengths_s)
    joint = ":" if "=" in name else "="
    _write(task, f"{name}{joint}enable='{during(start, end)}'")
    return Done(start, end, f"{how} for {end - start:.2f} s")


def _encode_span(task: Task, encode: Sequence[str], how: str) -> Done:
    """The clip through a bad encoder, shown in a span of 2 to 6 s."""
    start, end = task.span(2.0, 6.0)
    bad = task.out.with_name(f"{task.out.stem}.bad.mkv")
    lead = max(0.0, start - 1.0)  # the encoder has settled when the span begins
    try:
        graph = f"{_source(task)}trim={lead:.5f}:{end + 0.5:.5f},setpts=PTS-STARTPTS[v]"
        rework.picture(task.source, bad, graph, encode=encode)
        shifted = f"[1:v]setpts=PTS+{lead:.5f}/TB,format=yuv420p[b]"
        _write(task, f"null[a];{shifted};[a][b]overlay=eof_action=pass:enable='{during(start, end)}'", inputs=[bad])
    finally:
        bad.unlink(missing_ok=True)
    return Done(start, end, f"{how} for {end - start:.2f} s")


def _write(task: Task, graph: str, *, inputs: Sequence[Path] = (), encode: Sequence[str] | None = None) -> None:
    full = f"{_source(task)}{graph}[v]"
    if encode is None:
        rework.picture(task.source, task.out, full, inputs=inputs)
    else:
        rework.picture(task.source, task.out, full, inputs=inputs, encode=encode)


def _source(task: Task) -> str:
    """Frames at even times from 0, eight bits: so that frame numbers and seconds agree."""
    return f"[0:v:0]fps={task.shape.rate},format=yuv420p,"


def _drop(task: Task, condition: str) -> str:
    return f"select='not({condition})'"


def _any(frames: Sequence[int]) -> str:
    return "+".join(f"eq(n,{frame})" for frame in frames)


def _frames(task: Task, start_s: float, end_s: float, share: float) -> list[int]:
    """Single frames within a span, no two of them neighbours."""
    first, last = (round(at * task.shape.frame_rate) for at in (start_s, end_s))
    candidates = np.arange(first + 1, last, 2)
    count = min(max(1, round(share * (last - first))), len(candidates))
    return [int(frame) for frame in np.sort(task.rng.choice(candidates, count, replace=False))]


def _last_frame(task: Task) -> int:
    return max(3, int(task.shape.duration_s * task.shape.frame_rate))


def _places(task: Task, count: int) -> list[tuple[int, int, str]]:
    x = task.rng.integers(int(0.05 * task.shape.width), int(0.95 * task.shape.width), count)
    y = task.rng.integers(int(0.05 * task.shape.height), int(0.95 * task.shape.height), count)
    colour = task.rng.choice(["white", "red", "lime", "blue"], count)
    return [(int(a), int(b), str(c)) for a, b, c in zip(x, y, colour, strict=True)]
