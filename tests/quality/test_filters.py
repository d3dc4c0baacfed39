"""FFmpeg's filters do what their names say, in PyAV's build too: what our own meters are held against."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

SIZE = (144, 176)
RNG = np.random.default_rng(0)
NOISE = RNG.integers(16, 235, SIZE, dtype=np.uint8)
SMOOTH = np.clip(np.add.outer(np.arange(144), np.arange(176)) / 2 + 40, 16, 235).astype(np.uint8)
BLACK = np.full(SIZE, 16, np.uint8)


def _blocks(picture):
    return np.kron(picture[::8, ::8], np.ones((8, 8), np.uint8))


def _woven(step):
    """Fields of a moving picture taken at two moments, woven."""
    first, second = np.roll(EDGES, 2 * step, axis=1), np.roll(EDGES, 2 * step + 4, axis=1)
    woven = first.copy()
    woven[1::2] = second[1::2]
    return woven


EDGES = np.where((np.arange(176) // 11) % 2, 200, 40).astype(np.uint8)[None, :].repeat(144, axis=0)


def told(name, pictures, options=""):
    """Metadata of each frame that comes out of one picture filter."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=SIZE[1], height=SIZE[0], format=av.VideoFormat("yuv420p"), time_base=Fraction(1, 25)
    )
    chain = [source, graph.add(name, options), graph.add("buffersink")]
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()
    out = []
    for number, picture in enumerate(pictures):
        planes = np.concatenate([picture, np.full((72, 176), 128, np.uint8)])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        graph.push(frame)
        out += _pulled(graph)
    graph.push(None)
    return out + _pulled(graph)


def heard(name, samples, options=""):
    """Metadata of each frame that comes out of one sound filter; samples are (1, n) at 48 kHz."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="fltp", sample_rate=48_000, layout="mono", time_base=Fraction(1, 48_000))
    chain = [source, graph.add(name, options), graph.add("abuffersink")]
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()
    out = []
    for place in range(0, samples.shape[1], 4800):
        frame = av.AudioFrame.from_ndarray(samples[:, place : place + 4800].copy(), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, place, Fraction(1, 48_000)
        graph.push(frame)
        out += _pulled(graph)
    graph.push(None)
    return out + _pulled(graph)


def _pulled(graph):
    out = []
    while True:
        try:
            out.append(dict(graph.pull().metadata))
        except (av.BlockingIOError, av.EOFError):
            return out


def seen(frames, key):
    return [float(frame[key]) for frame in frames if key in frame]


def test_blackdetect_tells_where_black_begins_and_ends():
    frames = told("blackdetect", [NOISE] * 10 + [BLACK] * 20 + [NOISE] * 10, "d=0.5")
    assert seen(frames, "lavfi.black_start") == [pytest.approx(0.4)]
    assert seen(frames, "lavfi.black_end") == [pytest.approx(1.2)]


def test_freezedetect_tells_a_still_picture_and_not_noise():
    moving = [RNG.integers(16, 235, SIZE, dtype=np.uint8) for _ in range(20)]
    still = told("freezedetect", moving + [NOISE] * 40, "d=1")
    assert seen(still, "lavfi.freezedetect.freeze_start") == [pytest.approx(0.8, abs=0.05)]
    assert not seen(told("freezedetect", moving, "d=0.4"), "lavfi.freezedetect.freeze_start")


def test_idet_tells_woven_fields_from_whole_pictures():
    woven = told("idet", [_woven(step) for step in range(0, 60, 4)])
    whole = told("idet", [np.roll(EDGES, 4 * step, axis=1) for step in range(15)])
    assert woven[-1]["lavfi.idet.multiple.current_frame"] in ("tff", "bff")
    assert whole[-1]["lavfi.idet.multiple.current_frame"] == "progressive"


def test_scdet_scores_a_cut_highest():
    scores = seen(told("scdet", [SMOOTH] * 5 + [255 - SMOOTH] * 5), "lavfi.scd.score")
    assert int(np.argmax(scores)) == 5


def test_signalstats_tells_lowest_highest_and_mean():
    (frame,) = told("signalstats", [SMOOTH])
    assert float(frame["lavfi.signalstats.YMIN"]) == SMOOTH.min()
    assert float(frame["lavfi.signalstats.YMAX"]) == SMOOTH.max()
    assert float(frame["lavfi.signalstats.YAVG"]) == pytest.approx(SMOOTH.mean(), abs=1)


def test_blockdetect_scores_blocks_higher_than_the_smooth_picture():
    (smooth,), (blocks,) = told("blockdetect", [SMOOTH]), told("blockdetect", [_blocks(SMOOTH)])
    assert float(blocks["lavfi.block"]) > float(smooth["lavfi.block"])


def test_blurdetect_scores_soft_edges_higher_than_sharp_ones():
    soft = np.stack([np.convolve(row, np.ones(9) / 9, "same") for row in EDGES]).clip(16, 235).astype(np.uint8)
    (sharp,), (blurred,) = told("blurdetect", [EDGES]), told("blurdetect", [soft])
    assert float(blurred["lavfi.blur"]) > float(sharp["lavfi.blur"])


def test_ebur128_reads_a_sine_of_minus_23_as_minus_23():
    sine = 10 ** (-23 / 20) * np.sqrt(2) * np.sin(2 * np.pi * 997 * np.arange(48_000 * 3) / 48_000)
    loudness = seen(heard("ebur128", sine[None].astype(np.float32), "metadata=1"), "lavfi.r128.M")
    assert loudness[-1] == pytest.approx(-23, abs=0.2)


def test_astats_tells_the_peak():
    sine = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
    frames = heard("astats", sine[None].astype(np.float32), "metadata=1")
    assert seen(frames, "lavfi.astats.1.Peak_level")[-1] == pytest.approx(-6.02, abs=0.05)


def test_silencedetect_tells_where_silence_begins():
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    frames = heard("silencedetect", np.concatenate([tone, np.zeros(48_000)])[None].astype(np.float32), "d=0.5")
    assert seen(frames, "lavfi.silence_start") == [pytest.approx(1.0, abs=0.01)]
