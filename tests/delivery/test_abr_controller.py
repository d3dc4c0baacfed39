"""Frontrow's controller: better than RobustMPC, sane on hostile lines, one policy in two homes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from frontrow.delivery import abr, policy
from frontrow.delivery.controller import TableController
from frontrow.delivery.controllers_published import ModelPredictive
from frontrow.delivery.lines import MEASURED
from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import mean_qoe
from frontrow.delivery.simulator import PENSIEVE, SABRE_LIVE, SABRE_VOD, Download, Progress, simulate
from frontrow.delivery.throughput import Belief, PredictorConfig, fit, follow
from frontrow.errors import InputError

STATIC = Path(abr.__file__).parents[1] / "web" / "static"
RATES = np.array([300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0])


def title(segments: int = 30, rates: np.ndarray = RATES) -> Manifest:
    shape = 1.0 + 0.2 * np.sin(np.arange(segments))
    return Manifest(4.0, rates, shape[:, None] * rates * 4.0)


def wandering(seed: int, mean_kbps: float = 1800.0, spread: float = 0.25) -> Trace:
    """A line whose rate walks in its logarithm and is pulled back."""
    rng = np.random.default_rng(seed)
    level, levels = 0.0, []
    for _ in range(250):
        level = 0.92 * level + spread * rng.normal()
        levels.append(level)
    return Trace(str(seed), np.ones(250), mean_kbps * np.exp(levels), np.zeros(250))


def test_it_beats_robust_mpc_on_lines_that_wander():
    lines, video = [wandering(seed) for seed in range(30)], title(48)
    ours = simulate(lines, video, PENSIEVE, TableController(abr.policy(video, "pensieve")))
    peer = simulate(lines, video, PENSIEVE, ModelPredictive(robust=True))
    better = mean_qoe(ours, video) - mean_qoe(peer, video)
    assert better.mean() > 0.03 * mean_qoe(peer, video).mean()
    assert (better > 0).mean() > 0.7


def test_a_steady_line_with_a_fifth_to_spare_over_the_lowest_rung_never_stalls():
    for rate in (360.0, 1000.0, 6000.0):
        for protocol in ("pensieve", "sabre-live", "sabre-vod"):
            line = Trace("steady", np.ones(10), np.full(10, rate / 0.95), np.full(10, 0.02))
            video = title()
            played = simulate([line], video, abr.PLAYERS[protocol], TableController(abr.policy(video, protocol)))
            # The first segment is not chosen, so the second may have to wait for what it left.
            assert played.stall_s[0, 3:].sum() == pytest.approx(0.0, abs=1e-6), (rate, protocol)


@pytest.mark.parametrize("protocol", ["pensieve", "sabre-live", "sabre-vod"])
@pytest.mark.parametrize(
    "video", [title(2), title(1), title(30, np.array([500.0])), title(12, np.geomspace(50, 40_000, 14))]
)
def test_short_films_one_rung_and_odd_ladders_play_to_the_end_with_every_controller(protocol, video):
    tunnel = Trace("tunnel", np.array([20.0, 60.0, 20.0]), np.array([2000.0, 0.0, 90.0]), np.full(3, 0.1))
    scores = abr.compare([tunnel, wandering(1)], video, protocol)
    assert all(np.isfinite(score.qoe) for score in scores.values())
    assert {"frontrow", "offline"} <= scores.keys()


def test_a_download_that_will_come_too_late_is_left_for_a_lower_rung():
    video = title()
    controller = TableController(abr.policy(video, "sabre-live"))
    controller.begin(1, video, SABRE_LIVE)
    who = np.zeros(1, np.int64)
    for segment in range(3):
        controller.downloaded(
            Download(
                who,
                segment,
                np.array([4]),
                np.array([12_000.0]),
                np.array([0.05]),
                np.array([2.0]),
                np.array([6.0]),
                np.array([-1]),
            )
        )

    def ask(arrived: float, elapsed_s: float) -> int:
        kbit = video.sizes_kbit[3, [4]]
        return int(
            controller.abandon(
                Progress(
                    who,
                    3,
                    np.array([4]),
                    kbit,
                    np.array([arrived]),
                    np.array([0.05]),
                    np.array([elapsed_s]),
                    np.array([4.0]),
                )
            )[0]
        )

    assert ask(6_000.0, 1.0) == -1
    answers = [ask(6_000.0 + 20.0 * step, 1.0 + 0.5 * step) for step in range(1, 12)]
    assert max(answers) >= 0 and max(answers) < 4


def predicted_kbps(kbps, config):
    belief = Belief.none(1)
    for rate in kbps:
        belief = follow(belief, np.log([rate]), config, 0.1)
    return float(np.exp(belief.mean(config))[0])


def test_a_line_that_becomes_another_one_is_believed_sooner_than_a_dip():
    fell, unmoved = PredictorConfig(), PredictorConfig(jump=99.0)
    gone = [6000.0] * 12 + [300.0] * 2
    assert predicted_kbps(gone, fell) < 0.6 * predicted_kbps(gone, unmoved)
    dip = [6000.0] * 12 + [2800.0, 6000.0]
    assert predicted_kbps(dip, fell) == pytest.approx(predicted_kbps(dip, unmoved))


def test_a_restart_is_not_above_the_rung_that_the_download_was_left_for():
    video = title()
    controller = TableController(abr.policy(video, "sabre-vod"))
    controller.begin(1, video, SABRE_VOD)
    who, fast = np.zeros(1, np.int64), (np.array([0.05]), np.array([0.6]), np.array([20.0]))
    for segment in range(3):
        controller.downloaded(Download(who, segment, np.array([4]), np.array([12_000.0]), *fast, np.array([-1])))
    assert controller.choose(who, 3, np.array([18.0]))[0][0] > 1
    controller.downloaded(Download(who, 3, np.array([4]), np.array([6_000.0]), *fast, np.array([1])))
    assert controller.choose(who, 3, np.array([18.0]))[0][0] <= 1
    controller.downloaded(Download(who, 3, np.array([1]), np.array([3_000.0]), *fast, np.array([-1])))
    assert controller.choose(who, 4, np.array([18.0]))[0][0] > 1


def test_what_is_learnt_tells_the_spread_of_the_next_rate():
    rng = np.random.default_rng(3)
    calm = [np.log(1000) + 0.05 * rng.normal(size=60) for _ in range(40)]
    wild = [np.log(1000) + 0.5 * rng.normal(size=60) for _ in range(40)]
    predictor = fit(calm + wild, PredictorConfig(quick=0.3, slow=0.1, classes=2))
    low, high = predictor.surprises[:, -1]
    assert 0.05 < low < 0.2 < 0.5 < high
    assert predictor.volatilities[0] < 0.1 < 0.3 < predictor.volatilities[1]


def test_a_policy_survives_its_json():
    table = abr.policy(title(), "sabre-vod")
    again = policy.from_dict(json.loads(json.dumps(policy.to_dict(table))))
    spread = np.ptp(table.values.reshape(len(table.horizons), -1), axis=1)
    off = np.abs(again.values - table.values).reshape(len(table.horizons), -1).max(axis=1)
    assert np.all(off <= spread / 65_535)
    assert again.predictor.config == table.predictor.config


@pytest.mark.parametrize("damage", [{"format": "x"}, {"values": "AAAA"}, {"values": "*"}, {"axes": []}, {"worth": "x"}])
def test_a_damaged_policy_is_refused(damage):
    value = policy.to_dict(abr.policy(title(), "pensieve")) | damage
    with pytest.raises(InputError, match="policy"):
        policy.from_dict(value)


class Recorder(TableController):
    """Writes down what was told and asked, and what was answered."""

    def begin(self, sessions, manifest, player):
        super().begin(sessions, manifest, player)
        self.steps = [[] for _ in range(sessions)]

    def choose(self, who, segment, buffer_s):
        rungs, wait_s = super().choose(who, segment, buffer_s)
        for n, i in enumerate(who):
            self.steps[i].append(
                {
                    "choose": [
                        self.manifest.sizes_kbit[segment].tolist(),
                        float(buffer_s[n]),
                        self.manifest.segments - segment - 1,
                    ],
                    "answer": int(rungs[n]),
                }
            )
        return rungs, wait_s

    def abandon(self, progress):
        to = super().abandon(progress)
        for n, i in enumerate(progress.who):
            self.steps[i].append(
                {
                    "abandon": [
                        int(progress.rung[n]),
                        self.manifest.sizes_kbit[progress.segment].tolist(),
                        float(progress.arrived_kbit[n]),
                        float(progress.first_bit_s[n]),
                        float(progress.elapsed_s[n]),
                        float(progress.buffer_s[n]),
                        self.manifest.segments - progress.segment - 1,
                    ],
                    "answer": int(to[n]),
                }
            )
        return to

    def downloaded(self, download):
        super().downloaded(download)
        for n, i in enumerate(download.who):
            kept = int(download.rung[n]) if download.abandoned_to[n] < 0 else None
            self.steps[i].append(
                {
                    "downloaded": [
                        float(download.kbit[n]),
                        float(download.first_bit_s[n]),
                        float(download.total_s[n]),
                        kept,
                    ]
                }
            )


REPLAY = """
import { readFileSync } from "node:fs";
import { AbrController } from "ABR";
const { policy, sessions } = JSON.parse(readFileSync(0, "utf8"));
const controller = new AbrController(policy);
let wrong = 0, asked = 0, chosen = 0;
for (const steps of sessions) {
  controller.begin();
  for (const step of steps) {
    if (step.downloaded) controller.downloaded(...step.downloaded.slice(0, 3), step.downloaded[3] ?? undefined);
    else {
      asked++;
      const answer = step.choose ? controller.choose(...step.choose) : controller.abandon(...step.abandon);
      if (step.choose) chosen++;
      if (answer !== step.answer) wrong++;
    }
  }
}
const older = AbrController.reads({ ...policy, format: "frontrow-abr-1" });
console.log(JSON.stringify({ asked, chosen, wrong, older }));
"""


@pytest.mark.skipif(
    shutil.which("node") is None, reason="node is not installed, so the browser's controller cannot be run"
)
@pytest.mark.parametrize("protocol", ["pensieve", "sabre-live", "low-latency"])
def test_python_and_javascript_decide_the_same(tmp_path, protocol):
    video = title(24)
    written = policy.to_dict(abr.policy(video, protocol))
    recorder = Recorder(policy.from_dict(written))
    lines = [wandering(seed, mean_kbps=mean, spread=0.35) for seed, mean in enumerate((500.0, 1500.0, 4000.0, 900.0))]
    simulate(lines, video, abr.PLAYERS[protocol], recorder)
    script = tmp_path / "replay.mjs"
    script.write_text(REPLAY.replace("ABR", (STATIC / "abr.js").as_uri()))
    done = subprocess.run(
        ["node", str(script)],
        input=json.dumps({"policy": written, "sessions": recorder.steps}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    told = json.loads(done.stdout)
    assert told["chosen"] >= 4 * 23
    assert told["wrong"] == 0 and not told["older"], told


def test_the_shipped_predictor_is_in_order():
    assert np.all(np.diff(MEASURED.volatilities) > 0)
    assert np.all(np.diff(MEASURED.surprises, axis=1) > 0)
    assert sum(MEASURED.config.shares) == pytest.approx(1.0)
