// Frontrow's bitrate controller in the browser. It reads the JSON that src/frontrow/delivery/policy.py writes and decides
// as src/frontrow/delivery/controller.py does, step for step; tests/delivery/test_abr_controller.py holds the two together.

const FORMAT = "frontrow-abr-3";
const FORGET_S = 1;
const PATIENCE_S = 0.3;
const JUMP_WIDTH = 0.5;

export class AbrController {
  // Whether this is a policy that can be read: a film that was packaged by an earlier version has one of another format.
  static reads(policy) {
    return policy?.format === FORMAT;
  }

  constructor(policy) {
    if (!AbrController.reads(policy)) throw new Error(`not a bitrate policy of format ${FORMAT}`);
    this.policy = policy;
    const text = atob(policy.values);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    const steps = new Uint16Array(bytes.buffer);
    const size = steps.length / policy.horizons.length;
    this.values = Float64Array.from(steps, (step, i) => {
      const [low, high] = [policy.low[Math.floor(i / size)], policy.high[Math.floor(i / size)]];
      return low + (high - low) * (step / 65535);
    });
    this.rungs = policy.worth.length;
    this.states = policy.axes.reduce((product, axis) => product * axis.length, 1);
    this.begin();
  }

  // Forget the line: a new session.
  begin() {
    this.quick = this.slow = this.volatility = this.seen = this.latency = 0;
    this.last = 0;
    this.restart = Infinity;
    this.unwatch();
  }

  unwatch() {
    this.watched = null;
  }

  // A download ended: kilobits that came, seconds to the first bit, seconds in all. `rung` only where it was kept whole.
  downloaded(kbit, firstBit, total, rung) {
    const { config, first_volatility } = this.policy.predictor;
    const logRate = Math.log(Math.max(kbit, 1e-3) / Math.max(total - firstBit, 1e-6));
    if (this.seen === 0) {
      this.quick = this.slow = logRate;
      this.volatility = first_volatility;
    } else {
      const fresh = 1 / (1 + this.seen);
      const surprise = Math.abs(logRate - (config.mix * this.quick + (1 - config.mix) * this.slow));
      this.quick += Math.max(config.quick, fresh) * (logRate - this.quick);
      this.slow += Math.max(slowGain(config, surprise), fresh) * (logRate - this.slow);
      this.volatility += config.volatility * (surprise - this.volatility);
    }
    this.seen += 1;
    this.latency = firstBit;
    this.unwatch();
    if (rung === undefined) return;
    this.last = rung;
    this.restart = Infinity;
  }

  // The rung of the next segment: sizes in kilobits a rung, media in the buffer in seconds, segments left after this one.
  // `most` caps the rung (device, data saver); after an abandonment that rung does.
  choose(sizes, buffer, left, most = this.rungs - 1) {
    const values = this.expected(sizes, buffer, left);
    let best = 0;
    for (let rung = 1; rung <= Math.min(most, this.restart, this.rungs - 1); rung++) if (values[rung] > values[best]) best = rung;
    return best;
  }

  expected(sizes, buffer, left) {
    const { policy } = this;
    const { predictor, worth } = policy;
    const { config } = predictor;
    const ahead = this.horizons(left);
    const trend = this.quick - this.slow;
    const values = worth.map((w) => w - policy.switch * Math.abs(w - worth[this.last]));
    const [spot, share] = place(predictor.volatilities, this.volatility);
    const next = Math.min(spot + 1, predictor.volatilities.length - 1);
    for (let point = 0; point <= config.shares.length; point++) {
      const isOutage = point === config.shares.length; // nothing comes for a while; the line is as before
      const chance = isOutage ? config.outage : config.shares[point] * (1 - config.outage);
      const surprise = isOutage
        ? 0 : (1 - share) * predictor.surprises[spot][point] + share * predictor.surprises[next][point];
      const change = config.mix * trend + surprise;
      const slow = this.slow + slowGain(config, Math.abs(surprise)) * change;
      const quick = this.slow + trend + config.quick * (change - trend);
      const volatility = this.volatility + config.volatility * (Math.abs(surprise) - this.volatility);
      const rate = Math.exp(this.slow + change);
      const line = this.neighbours(slow, quick - slow, volatility);
      for (let rung = 0; rung < this.rungs; rung++) {
        const time = this.latency + sizes[rung] / rate + (isOutage ? config.outage_s : 0);
        const after = Math.min(Math.max(buffer - time, 0) + policy.segment_s, policy.most_buffer_s);
        values[rung] += chance * (this.look(ahead, rung, after, line) - policy.stall * Math.max(time - buffer, 0));
      }
    }
    return values;
  }

  // While a segment comes: -1 to go on, or the rung to restart with. Times in seconds since the request.
  abandon(rung, sizes, arrived, firstBit, elapsed, buffer, left) {
    const since = elapsed - firstBit;
    const before = this.watched && since > this.watched.since ? this.watched : null;
    const step = Math.max(since - (before ? before.since : 0), 1e-6);
    const fade = 0.5 ** (step / FORGET_S);
    const weight = (before ? fade * before.weight : 0) + 1 - fade;
    const sum = (before ? fade * before.sum : 0) + ((1 - fade) * (arrived - (before ? before.arrived : 0))) / step;
    this.watched = { since, arrived, weight, sum };
    const rate = Math.max(sum / weight, 1e-3);
    const remaining = sizes[rung] - arrived;
    if (!(remaining / rate > buffer) || rung === 0 || !(since > PATIENCE_S)) return -1;
    const { policy } = this;
    const ahead = this.horizons(left);
    const line = this.neighbours(this.slow, Math.log(rate) - this.slow, this.volatility);
    let best = -1;
    let bestValue = -Infinity;
    for (let r = 0; r <= rung; r++) {
      if (r < rung && sizes[r] >= remaining) continue;
      const time = r === rung ? remaining / rate : firstBit + sizes[r] / rate;
      const after = Math.min(Math.max(buffer - time, 0) + policy.segment_s, policy.most_buffer_s);
      const value = policy.worth[r] - policy.switch * Math.abs(policy.worth[r] - policy.worth[this.last])
        - policy.stall * Math.max(time - buffer, 0)
        + this.look(ahead, r, after, line);
      if (value > bestValue) [best, bestValue] = [r, value];
    }
    if (best === rung) return -1;
    this.unwatch();
    this.restart = best;
    return best;
  }

  // The two horizons of the table around `left` segments, and how far towards the second.
  horizons(left) {
    const { horizons } = this.policy;
    let at = 0;
    while (at + 1 < horizons.length && horizons[at + 1] <= left) at++;
    if (at + 1 === horizons.length || horizons[at] === left) return [at, at, 0];
    return [at, at + 1, (left - horizons[at]) / (horizons[at + 1] - horizons[at])];
  }

  // The eight neighbours of a state of the line, as indices into the table without its buffer axis, and their shares.
  neighbours(slow, trend, volatility) {
    const [, slows, trends, volatilities] = this.policy.axes;
    const [s, ps] = place(slows, slow);
    const [t, pt] = place(trends, trend);
    const [v, pv] = place(volatilities, volatility);
    const index = new Array(8);
    const share = new Array(8);
    for (let n = 0; n < 8; n++) {
      const [i, j, k] = [n >> 2, (n >> 1) & 1, n & 1];
      const row = Math.min(s + i, slows.length - 1) * trends.length + Math.min(t + j, trends.length - 1);
      index[n] = row * volatilities.length + Math.min(v + k, volatilities.length - 1);
      share[n] = (i ? ps : 1 - ps) * (j ? pt : 1 - pt) * (k ? pv : 1 - pv);
    }
    return { index, share };
  }

  // The table of one rung between its points, and between two horizons.
  look([near, far, towards], rung, buffer, line) {
    const value = this.between(near, rung, buffer, line);
    return towards ? (1 - towards) * value + towards * this.between(far, rung, buffer, line) : value;
  }

  between(horizon, rung, buffer, { index, share }) {
    const buffers = this.policy.axes[0];
    const [b, part] = place(buffers, buffer);
    const width = this.states / buffers.length;
    const low = ((horizon * this.rungs + rung) * buffers.length + b) * width;
    const high = low + (Math.min(b + 1, buffers.length - 1) - b) * width;
    let total = 0;
    for (let n = 0; n < 8; n++) {
      total += share[n] * ((1 - part) * this.values[low + index[n]] + part * this.values[high + index[n]]);
    }
    return total;
  }
}

// Share of the way to a measured rate that the slow mean goes after a surprise of that size.
function slowGain(config, surprise) {
  const part = Math.min(Math.max((surprise - config.jump) / JUMP_WIDTH, 0), 1);
  return config.slow + (config.jump_slow - config.slow) * part;
}

// BBA-0 (Huang et al., SIGCOMM 2014), a controller without a table to compare with: the rung follows the buffer alone.
export class BufferController {
  constructor(rungs, reservoir = 5, cushion = 10) {
    Object.assign(this, { rungs, reservoir, cushion });
  }

  downloaded() {}

  choose(sizes, buffer, left, most = this.rungs - 1) {
    const top = this.rungs - 1;
    const rung = Math.floor((top * (buffer - this.reservoir)) / this.cushion);
    return Math.max(Math.min(rung, top, most), 0);
  }

  abandon() {
    return -1;
  }
}

// Which interval of ascending `levels` holds `value`, and how far into it.
function place(levels, value) {
  if (levels.length === 1) return [0, 0];
  let left = 0;
  while (left < levels.length - 2 && levels[left + 1] <= value) left++;
  return [left, Math.min(Math.max((value - levels[left]) / (levels[left + 1] - levels[left]), 0), 1)];
}
