"""Published controllers on Pensieve's player, as peers: buffer-based, MPC, RobustMPC and BOLA.

Each decides for a whole batch of sessions at once.
"""

from __future__ import annotations

import numpy as np

from frontrow.delivery.link import Floats, Ints
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.qoe import LINEAR, Weights
from frontrow.delivery.simulator import Download, Player, Progress

_MOST_PLANS = 20_000  # of a ladder with many rungs MPC looks less far ahead


class Steady:
    """What a controller does that neither abandons nor waits nor learns; the others build on it."""

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        self.manifest, self.player = manifest, player
        self.last_rung = np.zeros(sessions, np.int64)

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        return np.zeros(len(who), np.int64), np.zeros(len(who))

    def abandon(self, progress: Progress) -> Ints:
        return np.full(len(progress.who), -1)

    def downloaded(self, download: Download) -> None:
        self.last_rung[download.who] = download.rung

    def waited(self, who: Ints, wait_s: Floats) -> None:
        pass


class BufferBased(Steady):
    """BBA-0 (Huang et al., SIGCOMM 2014) with Pensieve's reservoir of 5 s and cushion of 10 s."""

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        top = self.manifest.rungs - 1
        return np.clip(np.trunc(top * (buffer_s - 5.0) / 10.0), 0, top).astype(np.int64), np.zeros(len(who))


class ModelPredictive(Steady):
    """MPC and RobustMPC (Yin et al., SIGCOMM 2015): the best of all plans for five segments at the predicted rate.

    The prediction is the harmonic mean of the last five measured rates; RobustMPC divides it by one plus the largest
    relative error of the last five predictions. Of plans that are worth the same the one that begins lowest is taken;
    with the one that begins highest MPC loses a quarter of its QoE on Norwegian lines.
    """

    def __init__(self, *, robust: bool, horizon: int = 5, weights: Weights = LINEAR) -> None:
        self._robust, self._horizon, self._weights = robust, horizon, weights

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        super().begin(sessions, manifest, player)
        self._rates: list[Floats] = []
        self._errors: list[Floats] = []
        self._predicted = np.zeros(sessions)
        self._worth = self._weights.worth(manifest)
        while self._horizon > 1 and manifest.rungs**self._horizon > _MOST_PLANS:
            self._horizon -= 1

    def downloaded(self, download: Download) -> None:
        super().downloaded(download)
        rate = download.kbit / download.total_s
        error = np.abs(self._predicted - rate) / rate if self._rates else np.zeros(len(rate))
        self._rates = [*self._rates[-4:], rate]
        self._errors = [*self._errors[-4:], error]
        self._predicted = len(self._rates) / np.sum([1.0 / rate for rate in self._rates], axis=0)

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        rate = self._predicted / (1.0 + np.max(self._errors, axis=0)) if self._robust else self._predicted
        return np.concatenate(
            [self._plan(part, segment, buffer_s, rate) for part in np.array_split(who, 1 + len(who) // 64)]
        ), np.zeros(len(who))  # fmt: skip

    def _plan(self, who: Ints, segment: int, buffer_s: Floats, rate: Floats) -> Ints:
        """Every plan is a path down a tree of rungs; a level of the tree is one axis more."""
        rungs, worth = self.manifest.rungs, self._worth
        switch = self._weights.switch * np.abs(worth[:, None] - worth[None, :])
        gained, switched = np.zeros(1), np.zeros((len(who), 1))
        stalled_s, buffer = np.zeros((len(who), 1)), buffer_s[who][:, None]
        before: Floats | None = None
        for ahead in range(min(self._horizon, self.manifest.segments - segment)):
            time_s = self.manifest.sizes_kbit[segment + ahead][None, None, :] / rate[who][:, None, None]
            step = switch[self.last_rung[who]][:, None, :] if before is None else before[None]
            stall_s = np.maximum(time_s - buffer[:, :, None], 0.0)
            gained = (gained[:, None] + worth).ravel()
            switched = (switched[:, :, None] + step).reshape(len(who), -1)
            stalled_s = (stalled_s[:, :, None] + stall_s).reshape(len(who), -1)
            buffer = (np.maximum(buffer[:, :, None] - time_s, 0.0) + self.manifest.segment_s).reshape(len(who), -1)
            before = np.tile(switch, (len(gained) // rungs, 1)).reshape(-1, rungs)
        # Rounded, so that the order of a sum does not part plans that are worth the same.
        value = np.round(gained, 6) - self._weights.stall * stalled_s - np.round(switched, 6)
        return np.asarray(np.argmax(value, axis=1) // (len(gained) // rungs))


class Bola(Steady):
    """BOLA-BASIC (Spiteri et al., INFOCOM 2016): the rung with the best utility a bit at this buffer level."""

    def __init__(self, gamma_p: float = 5.0) -> None:
        self._gamma_p = gamma_p

    def begin(self, sessions: int, manifest: Manifest, player: Player) -> None:
        super().begin(sessions, manifest, player)
        self._utility = np.log(manifest.bitrates_kbps / manifest.bitrates_kbps[0])
        self._v = (player.buffer_s - manifest.segment_s) / (self._utility[-1] + self._gamma_p)

    def choose(self, who: Ints, segment: int, buffer_s: Floats) -> tuple[Ints, Floats]:
        score = self._v * (self._utility + self._gamma_p) - buffer_s[:, None]
        return np.argmax(score / self.manifest.bitrates_kbps, axis=1), np.zeros(len(who))
