// What a viewer gets, told to the log: a `qoe` event at the first picture, every half minute, and at the end. Each covers
// what happened since the last one; src/frontrow/delivery/experience.py reads them back.

const HICCUP_S = 0.05; // of a decoder, which nobody sees

export class Experience {
  // `tell(props)` sends a report; `began` is when the viewer asked for the film (performance.now()).
  constructor(video, tell, began = 0) {
    Object.assign(this, { video, tell, began });
    this.total = { startup_s: null, stall_s: 0, stalls: 0, switches: 0, kbit: 0, media_s: 0, vmaf_s: 0, played_s: 0 };
    this.last = null; // rung and rate of the segment before
    this.stalledAt = null;
    this.clear();
    video.addEventListener("playing", () => {
      if (this.total.startup_s === null) {
        this.total.startup_s = this.now.startup_s = (performance.now() - this.began) / 1000;
        this.place = video.currentTime;
        this.report();
      }
      this.endStall();
    });
    video.addEventListener("waiting", () => {
      if (this.total.startup_s !== null && !video.seeking) this.stalledAt ??= performance.now();
    });
    video.addEventListener("seeking", () => { this.endStall(); this.measure(); });
    video.addEventListener("seeked", () => { this.place = video.currentTime; });
    video.addEventListener("timeupdate", () => { if (!video.seeking) this.measure(); });
  }

  clear() {
    this.now = { stall_s: 0, stalls: 0, switches: 0, switch_kbps: 0, kbit: 0, media_s: 0, vmaf_s: 0, played_s: 0, rates: [] };
  }

  // Media played since the last look; a leap of more than two seconds is a seek.
  measure() {
    const step = this.video.currentTime - (this.place ?? this.video.currentTime);
    if (step > 0 && step < 2) this.add("played_s", step);
    this.place = this.video.currentTime;
  }

  endStall() {
    if (this.stalledAt === null) return;
    const seconds = (performance.now() - this.stalledAt) / 1000;
    this.stalledAt = null;
    if (seconds < HICCUP_S) return;
    this.add("stall_s", seconds);
    this.add("stalls", 1);
  }

  add(name, amount) {
    this.now[name] += amount;
    this.total[name] += amount;
  }

  // A segment came: its size, duration, rung, that rung's VMAF where the ladder tells, and the rate that was measured.
  segment(kbit, duration, rung, vmaf, rate) {
    const kbps = kbit / duration;
    if (this.last !== null && this.last.rung !== rung) this.add("switches", 1);
    if (this.last !== null) this.now.switch_kbps += Math.abs(kbps - this.last.kbps);
    this.last = { kbps, rung };
    this.add("kbit", kbit);
    this.add("media_s", duration);
    this.add("vmaf_s", (vmaf ?? 0) * duration);
    if (rate > 0 && Number.isFinite(rate)) this.now.rates.push(Math.round(rate));
  }

  // `end` is "left" or "ended" in the last report.
  report(end) {
    const stalling = this.stalledAt !== null;
    this.endStall();
    if (stalling && !end) this.stalledAt = performance.now(); // the rest of it belongs to the next report
    if (this.total.startup_s === null) return;
    const { rates, kbit, media_s, ...props } = this.now;
    this.tell({ ...props, bitrate_kbps: media_s ? kbit / media_s : 0, media_s, rates_kbps: rates.slice(-200).join(" "), ...(end && { end }) });
    this.clear();
  }
}
