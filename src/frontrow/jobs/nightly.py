"""The nightly fit: read the log -> tune and fit on all but the newest days -> gate -> fit on everything -> publish.

Of the log only the tail and segments that no fit has met are read; what the others say about taste, rows and profiles
is kept beside them (`data.derived`), and says the same to the last bit.

A job that was killed goes on with the same events: what was read is fixed by the high-water mark in the checkpoint, the
candidate is kept as the artifact `recommend-candidate`, and a gate that was passed is not held again.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from frontrow.data import artifacts
from frontrow.data.catalogue import Catalogue
from frontrow.data.derived import Derivation
from frontrow.data.replay import replay_derived
from frontrow.errors import DamagedArtifact, InputError
from frontrow.jobs import gate
from frontrow.jobs.worker import JobContext
from frontrow.recommend import fatigue, profiles, row_order, signals, trends, tune
from frontrow.recommend.model import Model, content_of, fit
from frontrow.recommend.parts import FitConfig
from frontrow.schema import Kind

if TYPE_CHECKING:
    import polars as pl

RECOMMEND = "recommend"
CANDIDATE = "recommend-candidate"
TUNING_S = 900.0  # most seconds of tuning; what is done within it depends on the data alone, not on the clock
_COLUMNS = ("seq", "at_ms", "kind", "member", "profile", "title", "country", "value")
_STAGES = 6
_TASTE = Derivation(signals.COMPACTED, signals.compact)
_ROWS = Derivation(row_order.TALLIED, row_order.tally)
_PROFILES = Derivation(profiles.TOLD, profiles.told)
_SHOWN = Derivation(fatigue.COUNTED, fatigue.count)


def run(context: JobContext, *, gated: bool = True, tuned: bool = True, seed: int = 0) -> dict[str, Any]:
    """Fit and publish `recommend`. Raises GateRefused, and InputError when there is nothing to fit.

    Without `tuned` (and `gated`) the default configuration is fitted: seconds, for a first page.
    """
    context.step(0, _STAGES, "reading the log")
    events, high_water, titles = _read(context)
    candidate, judged = None, {"gate": "not asked for"}
    if gated:
        candidate, judged = _judge(context, events, titles, high_water, seed)
    interactions = signals.from_events(events, titles)
    if candidate is None and not tuned:
        model = fit(interactions, titles, FitConfig(), seed=seed)
    elif candidate is None:
        model = _tuned(context, interactions, titles, seed)
    else:
        context.step(4, _STAGES, "fitting on everything")
        config = msgspec.convert(candidate.config, FitConfig)
        model = fit(interactions, titles, config, ranker=candidate.ranker, seed=seed)
    model = replace(_with_crowds(model, events, titles), likings=_likings(context, high_water))
    context.step(5, _STAGES, "publishing")
    metrics = {name: value for name, value in judged.items() if name != "recall_current"}
    artifact = _publish(context, RECOMMEND, model, interactions, high_water, seed, metrics)
    context.step(_STAGES, _STAGES, "published")
    return {"artifact": RECOMMEND, "version": artifact.version, "rows": artifact.manifest.rows, **judged}


def _read(context: JobContext) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """Events that say something about taste (compacted, with `kids`), how far they reach, and the catalogue."""
    place = context.workspace
    up_to_seq = context.checkpoint.get("high_water")
    read = replay_derived(place.log, _TASTE, kinds=signals.KINDS, columns=_COLUMNS, up_to_seq=up_to_seq)
    context.checkpoint["high_water"] = read.high_water
    context.save()
    columns = ("seq", "at_ms", "member", "profile", "props")
    said = replay_derived(place.log, _PROFILES, kinds=(Kind.JOIN,), columns=columns, up_to_seq=read.high_water)
    with Catalogue(place.store_url(context.settings)) as catalogue:
        titles = catalogue.frame()
    if not len(titles):
        raise InputError(f"the catalogue of {place.root} is empty; 'frontrow import --help' tells how to fill it")
    if not len(read.frame):
        raise InputError(f"the log of {place.root} has no play, rating or click yet; there is nothing to fit")
    return profiles.mark(read.frame, said.frame), read.high_water, titles


def _with_crowds(model: Model, events: pl.DataFrame, titles: pl.DataFrame) -> Model:
    """The model with what trends and what is popular in each crowd."""
    there = trends.by_crowd(events, titles, msgspec.convert(model.config, FitConfig).popularity)
    here = trends.popular(there, model.popularity)
    return replace(model, trends=trends.steepest(there, titles), here=here)


def _likings(context: JobContext, high_water: int) -> dict[str, float]:
    """How much each kind of row is liked, as far as shown and played tiles tell."""
    log, columns = context.workspace.log, row_order.COLUMNS
    tallied = replay_derived(log, _ROWS, kinds=row_order.KINDS, columns=columns, up_to_seq=high_water)
    return row_order.learn(tallied.frame)


def _judge(
    context: JobContext, events: pl.DataFrame, titles: pl.DataFrame, high_water: int, seed: int
) -> tuple[Model | None, dict[str, Any]]:
    """Hold the gate, unless an earlier attempt of this job has passed it: the model that was judged, and its figures.

    No model, and the reason, where there is too little to judge by. Raises GateRefused.
    """
    settings, judged = context.settings.jobs, context.checkpoint.get("judged")
    earlier, later = gate.split(events, settings.gate_days)
    tried = gate.trials(earlier, later, titles, np.random.default_rng(seed)) if len(earlier) else []
    if len(tried) < gate.FEWEST_VIEWERS:
        reason = f"{len(tried)} viewers to judge by in the newest {settings.gate_days} days"
        return None, {"gate": f"not held: {reason}, {gate.FEWEST_VIEWERS} needed"}
    pairs = signals.from_events(earlier, titles)
    candidate = _candidate(context, pairs, titles, high_water, seed)
    if judged is None:
        context.step(3, _STAGES, "judging")
        candidate = _with_crowds(candidate, earlier, titles)
        newest_ms = int(events["at_ms"].max())  # type: ignore[arg-type]
        recall = gate.recall(candidate, tried, newest_ms, step=context.step)
        popularity = gate.recall(candidate, tried, newest_ms, popular=True, step=context.step)
        judged = {"gate": "passed", "recall@20": recall, "recall@20_popularity": popularity, "viewers": len(tried)}
        baselines = {"popularity": popularity}
        rival = _rival(context, candidate, pairs, titles, seed)
        if rival is not None:
            rival = _with_crowds(rival, earlier, titles)
            judged["recall_current"] = gate.recall(rival, tried, newest_ms, step=context.step)
            baselines["the current model's configuration"] = judged["recall_current"]
        gate.decide(recall, baselines, settings.gate_tolerance, settings.gate_days, len(tried))
        context.checkpoint["judged"] = judged
        context.save()
    return candidate, judged


def _candidate(
    context: JobContext, interactions: signals.Interactions, titles: pl.DataFrame, high_water: int, seed: int
) -> Model:
    """The model of the earlier events: the one an earlier attempt has kept, or a new one, which is kept."""
    root = context.workspace.artifacts
    if kept := context.checkpoint.get("candidate"):
        try:
            return Model.load(artifacts.open_version(root, CANDIDATE, kept))
        except DamagedArtifact:  # another job's candidate has taken its place
            context.checkpoint.pop("judged", None)
    model = _tuned(context, interactions, titles, seed)
    artifact = _publish(context, CANDIDATE, model, interactions, high_water, seed, {})
    context.checkpoint["candidate"] = artifact.version
    context.save()
    return model


def _tuned(context: JobContext, interactions: signals.Interactions, titles: pl.DataFrame, seed: int) -> Model:
    """A model whose configuration these interactions have chosen."""
    context.step(1, _STAGES, "tuning")
    choice = tune.choose(
        interactions,
        content_of(titles),
        clock_s=time.monotonic,
        budget_s=TUNING_S,
        seed=seed,
        step=lambda note: context.step(1, _STAGES, f"tuning: {note}"),
        shown=_shown(context, interactions, titles),
    )
    context.step(2, _STAGES, "fitting")
    return fit(interactions, titles, choice.config, ranker=choice.ranker, seed=seed)


def _shown(context: JobContext, interactions: signals.Interactions, titles: pl.DataFrame) -> fatigue.Shown:
    """What these viewers were shown, as far as the job reads."""
    log, columns = context.workspace.log, ("seq", "at_ms", "member", "profile", "title")
    kinds, up_to_seq = (Kind.IMPRESSION,), context.checkpoint["high_water"]
    counts = replay_derived(log, _SHOWN, kinds=kinds, columns=columns, up_to_seq=up_to_seq).frame
    return fatigue.shown_of(counts, titles, interactions)


def _rival(
    context: JobContext, candidate: Model, interactions: signals.Interactions, titles: pl.DataFrame, seed: int
) -> Model | None:
    """The current model's configuration on the candidate's data; None when there is none, or it is the candidate's."""
    try:
        current = artifacts.open_current(context.workspace.artifacts, RECOMMEND, verify=False)
        if current is None or current.manifest.config.get("fit") == msgspec.to_builtins(candidate.config):
            return None
        model = Model.load(current)
        config = msgspec.convert(model.config, FitConfig)
    except (DamagedArtifact, msgspec.ValidationError):  # damaged, or of a version that fitted otherwise
        return None
    return fit(interactions, titles, config, ranker=model.ranker, seed=seed)


def _publish(
    context: JobContext,
    name: str,
    model: Model,
    interactions: signals.Interactions,
    high_water: int,
    seed: int,
    metrics: dict[str, Any],
) -> artifacts.Artifact:
    return artifacts.publish(
        context.workspace.artifacts,
        name,
        model.files(),
        config={"fit": model.config, "seed": seed},
        high_water=high_water,
        rows={"titles": len(model), "viewers": interactions.n_viewers, "pairs": len(interactions.title)},
        metrics=metrics,
        parents={},
        now_ms=context.now_ms(),
        keep=context.settings.jobs.keep_versions if name == RECOMMEND else 1,
    )
