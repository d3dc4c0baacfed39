// Plays a packaged film with hls.js: abr.js chooses each rung, and what the viewer got goes to the log as qoe events.

import { AbrController } from "./abr.js";
import { EventClient } from "./events.js";

const CHECK_MS = 100; // how often a download is looked at
const REPORT_MS = 30_000;
const video = document.querySelector("#player");
const { stream, member, title, decision } = video.dataset;
const csrf = document.querySelector('meta[name="csrf"]')?.content;
const events = new EventClient({ headers: csrf ? { "X-CSRF-Token": csrf } : {} });
const began = performance.now();
const seen = { startup_s: null, stall_s: 0, stalls: 0, switches: 0, kbit: 0, media_s: 0 };
window.frontrowPlayback = seen; // for tests and the curious

// Start-up, and stalls: waiting that no seek explains.
let stalledAt = null;
video.addEventListener("playing", () => {
  if (seen.startup_s === null) {
    seen.startup_s = (performance.now() - began) / 1000;
    tell("play", { value: video.currentTime });
  }
  endStall();
});
video.addEventListener("waiting", () => {
  if (seen.startup_s !== null && !video.seeking && stalledAt === null) stalledAt = performance.now();
});
video.addEventListener("seeking", endStall);

function endStall() {
  if (stalledAt === null) return;
  const seconds = (performance.now() - stalledAt) / 1000;
  stalledAt = null;
  if (seconds < 0.05) return; // a decoder's hiccup, which nobody sees
  seen.stall_s += seconds;
  seen.stalls += 1;
}

function tell(kind, more) {
  events.add({ kind, member, title, decision_id: decision || "", device: "web", ...more });
}

function report() {
  endStall();
  if (seen.startup_s === null) return;
  const bitrate = seen.media_s ? seen.kbit / seen.media_s : 0;
  tell("qoe", { props: {
    stall_s: seen.stall_s, startup_s: seen.startup_s, bitrate_kbps: bitrate, stalls: seen.stalls, switches: seen.switches,
    controller: "frontrow",
  } });
  const quality = document.querySelector("#quality");
  if (quality) quality.value = `${Math.round(bitrate)} kbit/s, ${seen.stall_s.toFixed(1)} s of stalls`;
}
setInterval(report, REPORT_MS);
video.addEventListener("ended", () => {
  report();
  tell("stop", { value: 1 });
  events.flush().then(() => { video.dataset.state = "ended"; });
});
addEventListener("pagehide", () => {
  report();
  if (video.duration) tell("stop", { value: Math.min(video.currentTime / video.duration, 1) });
  events.leave();
});

const at = Number(video.dataset.at) || 0;
video.addEventListener("loadedmetadata", () => { if (at > 0 && at < 1) video.currentTime = at * video.duration; }, { once: true });
if (globalThis.Hls?.isSupported()) await playWithHls();
else video.src = `${stream}/master.m3u8`; // Safari plays HLS by itself
video.play().catch(() => {}); // browsers may want a click first

async function playWithHls() {
  const policy = await (await fetch(`${stream}/policy.json`)).json();
  const abr = new AbrController(policy);
  const hls = new Hls({ enableWorker: false, maxBufferLength: 26, maxMaxBufferLength: 30, startLevel: 0, testBandwidth: false });
  let rung = 0;
  let loading = null;
  const buffered = () => {
    for (let i = 0; i < video.buffered.length; i++) {
      const [start, end] = [video.buffered.start(i), video.buffered.end(i)];
      if (start <= video.currentTime + 0.3 && end > video.currentTime) return end - video.currentTime;
    }
    return 0;
  };
  const sizes = (segment) => policy.sizes_kbit[Math.min(segment, policy.sizes_kbit.length - 1)];
  const left = (segment) => Math.max(policy.sizes_kbit.length - segment - 1, 0);

  // No more than the screen can show, and half the ladder for who saves data.
  const most = () => {
    if (navigator.connection?.saveData) return Math.floor((hls.levels.length - 1) / 2);
    const pixels = video.clientHeight * devicePixelRatio;
    const enough = hls.levels.findIndex((level) => level.height >= 0.9 * pixels);
    if (enough < 0 || pixels === 0) return hls.levels.length - 1;
    return hls.levels.findLastIndex((level) => level.height === hls.levels[enough].height);
  };
  const decide = (segment) => {
    rung = abr.choose(sizes(segment), buffered(), left(segment), most());
    hls.nextLoadLevel = rung;
  };

  hls.on(Hls.Events.FRAG_LOADING, (_, { frag }) => {
    if (frag.type === "main" && frag.sn !== "initSegment") loading = frag;
  });
  hls.on(Hls.Events.FRAG_LOADED, (_, { frag }) => {
    if (frag.type !== "main" || frag.sn === "initSegment") return;
    loading = null;
    const { loading: times, total, loaded } = frag.stats;
    const kbit = ((total || loaded) * 8) / 1000;
    if (seen.media_s && frag.level !== abr.last) seen.switches += 1;
    seen.kbit += kbit;
    seen.media_s += frag.duration;
    abr.downloaded(kbit, (times.first - times.start) / 1000, (times.end - times.start) / 1000, frag.level);
  });
  hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => {
    if (frag.type === "main" && frag.sn !== "initSegment") decide(frag.sn + 1);
  });
  setInterval(() => {
    const { loaded, loading: times } = loading?.stats ?? {};
    if (!loaded || !times.first || video.paused) return;
    const elapsed = (performance.now() - times.start) / 1000;
    const arrived = (loaded * 8) / 1000;
    const first = (times.first - times.start) / 1000;
    const lower = abr.abandon(loading.level, sizes(loading.sn), arrived, first, elapsed, buffered(), left(loading.sn));
    if (lower < 0) return;
    abr.downloaded(arrived, first, elapsed);
    const frag = loading;
    loading = null;
    hls.nextLoadLevel = lower;
    frag.abortRequests();
    hls.trigger(Hls.Events.FRAG_LOAD_EMERGENCY_ABORTED, { frag, part: null, stats: frag.stats });
  }, CHECK_MS);
  hls.loadSource(`${stream}/master.m3u8`);
  hls.attachMedia(video);
}
