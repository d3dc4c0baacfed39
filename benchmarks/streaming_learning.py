"""Low latency beside published controllers, lines made up after measured ones, and what is learnt from viewers.

The generator is fitted on Pensieve's training traces; what it makes is set beside the test traces, which it never saw.
Viewers are made up: they leave by weights that are known, so that what is learnt can be told right or wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.cli.trace_files import load_manifest, load_traces
from frontrow.delivery import abr, experience, generator, leaving, rollout, viewing
from frontrow.delivery.controller import TableController
from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import WEB_PLAYER
from frontrow.errors import GateRefused
from frontrow.jobs import bitrate
from frontrow.jobs.policies import SHIPPED, Knowledge

EVERY = 4
SEED = 1
TRUE_STALL = 9.0  # of the made-up viewers; the shipped weight is 4.3


def run(data: Path | None) -> Iterator[Figure]:
    if data is None:
        yield Figure("learning", 0.0, detail="left out: needs FRONTROW_DATA (delivery/abr)")
        return
    folder = data / "delivery" / "abr"
    training = load_traces(folder / "pensieve" / "training_trace")
    testing = [load_traces(folder / "pensieve" / "testing_trace" / f"{x}-test")[::EVERY] for x in ("fcc", "norway")]
    yield from _low_latency(testing[0] + testing[1])
    yield from _generator(training, testing[0] + testing[1])
    yield from _learning(training, load_manifest(folder / "envivio_video_sizes"))


def _low_latency(lines: list[Trace]) -> Iterator[Figure]:
    """Five minutes in segments of a second, Pensieve's ladder, sizes that vary by a fifth."""
    rates = np.array([300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0])
    shape = np.random.default_rng(SEED).uniform(0.8, 1.2, (300, 1))
    found = abr.compare(lines, Manifest(1.0, rates, rates * shape), "low-latency")
    ours = found.pop("frontrow")
    best = max(found, key=lambda name: found[name].qoe)
    steady = min(found, key=lambda name: found[name].stall_ratio)
    others = ", ".join(f"{name} {x.qoe:.3f}" for name, x in found.items())
    yield Figure(
        f"low latency: QoE_lin, {len(lines)} lines", ours.qoe, "a segment", found[best].qoe, "at least", best,
        found[best].qoe, others,
    )  # fmt: skip
    yield Figure(
        "low latency: stall ratio", ours.stall_ratio, "", found[steady].stall_ratio, "at most", steady,
        found[steady].stall_ratio,
    )  # fmt: skip
    yield Figure(
        "low latency: behind the edge", ours.latency_s or 0.0, "s", peer=best, peer_value=found[best].latency_s,
        detail="wanted: 3 s",
    )  # fmt: skip


def _generator(training: list[Trace], testing: list[Trace]) -> Iterator[Figure]:
    made = generator.generate(generator.fit(training), 400, 320.0, np.random.default_rng(SEED))
    kinds = {"made": made, "training": training, "testing": testing}
    series = {
        name: [np.log(np.maximum(generator.resample(line, 1.0), 1.0)) for line in lines]
        for name, lines in kinds.items()
    }  # fmt: skip
    for what, measure in (
        ("mean of the log rate", lambda x: float(np.mean(np.concatenate(x)))),
        ("spread of the log rate", lambda x: float(np.std(np.concatenate(x)))),
        ("memory, 1 s", lambda x: float(generator.autocorrelations(x, (1,))[0])),
        ("memory, 10 s", lambda x: float(generator.autocorrelations(x, (10,))[0])),
    ):
        yield Figure(
            f"made-up lines: {what}", measure(series["made"]), "", peer="training lines",
            peer_value=measure(series["training"]), detail=f"test lines {measure(series['testing']):.3f}",
        )  # fmt: skip


def _learning(training: list[Trace], title: Manifest) -> Iterator[Figure]:
    rng = np.random.default_rng(SEED)
    lines = generator.generate(
        generator.fit(training, generator.GeneratorConfig(step_s=title.segment_s)), 2000, 400.0, rng
    )
    taste = viewing.Taste(replace(LINEAR, stall=TRUE_STALL), base=-2.0, slope=0.05)
    made = viewing.sessions(lines, title, WEB_PLAYER, TableController(SHIPPED.table(title)), taste, rng)
    rows = [{"at_ms": n, "member": n, "session": str(n), **x} for n, reports in enumerate(made) for x in reports]
    sessions = experience.read(rows)
    told = leaving.fit(experience.periods(sessions, title.segment_s), LINEAR)
    yield Figure(
        f"weight of a stall learnt from {len(sessions):,} sessions", told.weights.stall, "", peer="the viewers' own",
        peer_value=TRUE_STALL, detail=f"± {told.stall_sd:.2f}; shipped {LINEAR.stall}; {told.leavings} left",
    )  # fmt: skip
    learnt, trust = bitrate.learn(sessions, title, SHIPPED, told.weights)
    fresh = generator.generate(generator.fit(training), 200, 320.0, rng)
    tables = SHIPPED.table(title), learnt.table(title)
    trial = rollout.replay(fresh, title, WEB_PLAYER, taste.weights, *tables)
    yield Figure(
        "QoE by the viewers' weights, learnt table", trial.new_qoe, "a segment", trial.old_qoe, "at least",
        "shipped table", trial.old_qoe,
        f"stalls {trial.new_stall_ratio:.3%} against {trial.old_stall_ratio:.3%}; plans with a stall of "
        f"{learnt.weights.stall:.2f}, {trust:.0%} of the way to the refitted predictor",
    )  # fmt: skip
    careless = Knowledge(SHIPPED.predictor, Weights(stall=0.2, switch=0.0)).table(title)
    refused = rollout.replay(fresh, title, WEB_PLAYER, LINEAR, tables[0], careless)
    try:
        rollout.decide(refused, 0.02, 0.002)
        said = "went out"
    except GateRefused as error:
        said = str(error)
    yield Figure("a careless table at the gate: QoE lost", -refused.gain, "a segment", detail=said)
