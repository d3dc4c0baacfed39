"""Damage to the stream and the file: lost transport packets, flipped bits, missing ends, no film at all."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from frontrow.media import rework
from frontrow.media.damage.task import Done, Task
from frontrow.media.rework import Packets

_PACKET: Final = 188
"""Bytes of an MPEG transport packet (ISO 13818-1)."""
_TIMES: Final = (
    "setts=dts='if(eq(DTS,NOPTS),PREV_OUTDTS+1,max(DTS,PREV_OUTDTS+1))':pts='if(eq(PTS,NOPTS),PREV_OUTPTS+1,PTS)'"
)
"""Pictures whose time was lost get the one before plus a tick: other containers insist on a time."""
_HEADER: Final = 64
"""Bytes at the start of a packet that bit flips spare: a slice whose header is gone is dropped whole and unseen."""


def packet_loss(task: Task) -> Done:
    """1% to 12% of the picture's transport packets of a span of 1.5 to 4 s never arrive."""
    broadcast = task.out.with_name(f"{task.out.stem}.whole.ts")
    lossy = task.out.with_name(f"{task.out.stem}.lossy.ts")
    try:
        done = _lose(task, broadcast, lossy)
        if task.out.suffix == ".ts":
            lossy.replace(task.out)
        else:
            rework.copy(lossy, task.out, ["-bsf:v", _TIMES])
    finally:
        broadcast.unlink(missing_ok=True)
        lossy.unlink(missing_ok=True)
    return done


def packet_loss_baked(task: Task) -> Done:
    """The same loss, decoded and encoded again upstream: the stream is sound and only the picture tells."""
    broadcast = task.out.with_name(f"{task.out.stem}.whole.ts")
    lossy = task.out.with_name(f"{task.out.stem}.lossy.ts")
    try:
        done = _lose(task, broadcast, lossy)
        rework.picture(lossy, task.out, f"[0:v:0]fps={task.shape.rate}:start_time=0,format=yuv420p[v]")
    finally:
        broadcast.unlink(missing_ok=True)
        lossy.unlink(missing_ok=True)
    return Done(done.start_s, done.end_s, f"{done.how}, decoded and encoded again")


def bit_flips(task: Task) -> Done:
    """One bit in 100,000 down to one in 2,000 of the picture's bytes is flipped within a span of 1.5 to 4 s."""
    rework.copy(task.source, task.out)
    table = rework.packets(task.out)
    start, end = task.span(1.5, 4.0)
    inside = _between(table, start, end)
    data = bytearray(task.out.read_bytes())
    places = np.concatenate([
        np.arange(table.position[i] + _HEADER, table.position[i] + table.size[i]) for i in inside
    ])  # fmt: skip
    count = max(2, round(len(places) / task.grade(12_500, 250)))
    for place in task.rng.choice(places, min(count, len(places)), replace=False):
        data[int(place)] ^= 1 << int(task.rng.integers(8))
    task.out.write_bytes(data)
    first, last = _seen(table, inside)
    return Done(first, last, f"{count} bits flipped in the picture's packets")


def truncated(task: Task) -> Done:
    """The last 5% to 60% of the bytes are missing; the index is at the front and still promises them."""
    options = ["-movflags", "+faststart"] if task.out.suffix in (".mp4", ".mov") else []
    rework.copy(task.source, task.out, options)
    data = task.out.read_bytes()
    missing = task.grade(0.05, 0.6)
    kept = int(len(data) * (1 - missing))
    table = rework.packets(task.out)
    there = table.at_s[(table.position >= 0) & (table.position + table.size <= kept)]
    task.out.write_bytes(data[:kept])
    end = float(there.max()) if len(there) else 0.0
    return Done(end, task.shape.duration_s, f"cut after {kept:,} of {len(data):,} bytes")


def no_index(task: Task) -> Done:
    """An MP4 whose index was never written: the upload or the recorder stopped."""
    whole = task.out.with_name(f"{task.out.stem}.whole.mp4")
    try:
        rework.copy(task.source, whole)
        data = whole.read_bytes()
    finally:
        whole.unlink(missing_ok=True)
    kept = data.rfind(b"moov") - 4
    task.out.write_bytes(data[:kept])
    return Done(0.0, 0.0, f"the index at byte {kept:,} is missing")


def empty(task: Task) -> Done:
    """Zero bytes."""
    task.out.write_bytes(b"")
    return Done(0.0, 0.0, "zero bytes")


def text_renamed(task: Task) -> Done:
    """A text under a film's name."""
    task.out.write_text("This is the delivery note of the film, not the film.\n" * 40, "utf-8")
    return Done(0.0, 0.0, "a text under a film's name")


def _lose(task: Task, broadcast: Path, lossy: Path) -> Done:
    """Encode as a broadcaster does (four slices, a key frame every 2 s), mux, drop."""
    encode = ("-c:v", "libx264", "-preset", "superfast", "-crf", "17", "-pix_fmt", "yuv420p", "-bsf:v",
              "h264_mp4toannexb", "-x264-params", "slices=4:sliced-threads=0",
              "-g", f"{2 * max(1, round(task.shape.frame_rate))}", "-muxdelay", "0", "-muxpreload", "0")  # fmt: skip
    rework.picture(task.source, broadcast, f"[0:v:0]fps={task.shape.rate},format=yuv420p[v]", encode=encode)
    table = rework.packets(broadcast)
    start, end = task.span(1.5, 4.0)
    origin = float(table.at_s.min())
    inside = _between(table, start + origin, end + origin)
    cells = np.fromfile(broadcast, np.uint8)
    cells = cells[: len(cells) // _PACKET * _PACKET].reshape(-1, _PACKET)
    pid = (cells[:, 1].astype(np.int64) & 0x1F) << 8 | cells[:, 2]
    first_cell = table.position[inside[0]] // _PACKET
    last_cell = max(table.position[inside[-1]] // _PACKET + 1, first_cell + 2)
    candidates = np.arange(first_cell, last_cell)
    candidates = candidates[(pid[candidates] == pid[first_cell]) & ((cells[candidates, 1] & 0x40) == 0)]
    count = min(max(3, round(task.grade(0.01, 0.12) * len(candidates))), len(candidates))
    lost = task.rng.choice(candidates, count, replace=False)
    np.delete(cells, lost, axis=0).tofile(lossy)
    first, last = _seen(table, inside)
    return Done(first - origin, last - origin, f"{count} of {len(candidates)} transport packets of the span lost")


def _between(table: Packets, start_s: float, end_s: float) -> NDArray[np.intp]:
    """Packets shown in the span; the nearest one where none is."""
    inside = np.flatnonzero((table.at_s >= start_s) & (table.at_s < end_s) & (table.position >= 0))
    if not len(inside):
        inside = np.array([int(np.argmin(np.abs(table.at_s - start_s)))])
    return inside


def _seen(table: Packets, inside: NDArray[np.intp]) -> tuple[float, float]:
    """From the first damaged picture to the next key frame, which ends what was carried on."""
    first, last = float(table.at_s[inside].min()), float(table.at_s[inside].max())
    keys = table.at_s[table.key & (table.at_s > last)]
    return first, float(keys.min() if len(keys) else table.at_s.max())
