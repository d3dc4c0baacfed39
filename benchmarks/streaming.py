"""Bitrate control on Pensieve's and Sabre's traces, beside the published controllers in the same run, and its speed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.cli.trace_files import load_manifest, load_traces
from frontrow.delivery import abr
from frontrow.delivery.controller import TableController
from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.simulator import PENSIEVE, simulate

EVERY = 4  # the traces that elsewhere's figures were measured on


def run(data: Path | None) -> Iterator[Figure]:
    yield from _speed()
    if data is None:
        yield Figure("bitrate control", 0.0, detail="left out: needs FRONTROW_DATA (delivery/abr)")
        return
    folder = data / "delivery" / "abr"
    video = load_manifest(folder / "envivio_video_sizes")
    for name, reach in (("fcc", 1.02), ("norway", 1.03)):
        lines = load_traces(folder / "pensieve" / "testing_trace" / f"{name}-test")[::EVERY]
        found = abr.compare(lines, video, "pensieve")
        ours, peer = found["frontrow"], found["robust_mpc"]
        others = ", ".join(f"{x} {found[x].qoe:.3f}" for x in ("mpc", "buffer_based", "bola", "offline"))
        yield Figure(
            f"QoE_lin, {len(lines)} {name} lines",
            ours.qoe,
            "a segment",
            reach,
            "at least",
            "RobustMPC",
            peer.qoe,
            others,
        )
        yield Figure(
            f"stall, 95th percentile, {name}", ours.stall_s_p95, "s", peer.stall_s_p95, "at most", "RobustMPC",
            peer.stall_s_p95,
        )  # fmt: skip
    for name, movie, protocol, reach in (
        ("3Glogs", "bbb.json", "sabre-live", 0.55), ("4Glogs", "bbb4k.json", "sabre-vod", 3.20),
        ("fcc_sd", "bbb.json", "sabre-vod", 2.30),
    ):  # fmt: skip
        lines = load_traces(folder / name)
        found = abr.compare(lines, load_manifest(folder / movie), protocol, bound=False)
        ours = found["frontrow"]
        best = min(("bola", "bola_e"), key=lambda x: found[x].stall_ratio)
        others = ", ".join(f"{x} {found[x].qoe:.3f}" for x in ("throughput", "bola", "dynamic"))
        yield Figure(
            f"score, {len(lines)} {name}", ours.qoe, "a segment's time", reach, "at least", "BOLA-E",
            found["bola_e"].qoe,
            others,
        )  # fmt: skip
        yield Figure(
            f"stall ratio, {name}",
            ours.stall_ratio,
            "",
            found[best].stall_ratio,
            "at most",
            best,
            found[best].stall_ratio,
        )


def _speed() -> Iterator[Figure]:
    rng = np.random.default_rng(1)
    rates = np.array([300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0])
    video = Manifest(4.0, rates, rates * 4.0 * rng.uniform(0.8, 1.2, (48, 1)))
    lines = [
        Trace(str(i), np.ones(300), 2000.0 * np.exp(rng.normal(0.0, 0.4, 300)), np.zeros(300)) for i in range(50)
    ]  # fmt: skip
    controller = TableController(abr.policy(video, "pensieve"))
    simulate(lines, video, PENSIEVE, controller)  # compiles
    count = 5000
    began = time.process_time()
    simulate(lines, video, PENSIEVE, controller, sessions=count)
    yield Figure("sessions simulated", count / (time.process_time() - began), "a CPU second", 3000.0)
    everyone, buffer_s = np.arange(count), rng.uniform(0.0, 60.0, count)
    began = time.process_time()
    for segment in range(20):
        controller.choose(everyone, segment, buffer_s)
    yield Figure("decisions in batches", 20 * count / (time.process_time() - began), "a CPU second", 100_000.0)
