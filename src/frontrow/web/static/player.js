// Plays a packaged film with hls.js: the controller of the viewer's arm chooses each rung, and what the viewer got goes to
// the log (experience.js). The first segment is asked for at once in the lowest rung; the controller's table follows it,
// so that on a poor line neither it nor a poster stands in the way of the first picture.

import { AbrController, BufferController } from "./abr.js";
import { chooseFamily, keepFamily } from "./codec.js";
import { EventClient, newId } from "./events.js";
import { Experience } from "./experience.js";
import { FirstSegments, SoundFirst } from "./start.js";
import { addSeekStrip } from "./seek.js";

const CHECK_MS = 100; // how often a download is looked at
const REPORT_MS = 30_000;
const AWAIT_KBPS = 1500; // on a faster line the second segment waits for the controller's table,
const AWAIT_MS = 1000; // but no longer than this;
const AHEAD_S = 8; // on a slower one the table waits until so much is in the buffer
const BUFFER_S = 26; // asked for up to here; the table is made for it
const LIVE = { liveSyncDuration: 3, liveMaxLatencyDuration: 10, maxLiveSyncPlaybackRate: 1.1, lowLatencyMode: true };
const SAVER = "frontrow-data-saver";
const video = document.querySelector("#player");
const { member, profile, title, decision } = video.dataset;
const play = JSON.parse(video.dataset.play);
const { stream } = play;
const csrf = document.querySelector('meta[name="csrf"]')?.content;
const events = new EventClient({ headers: csrf ? { "X-CSRF-Token": csrf } : {} });
const session = newId();
const saver = document.querySelector("#saver");
let about = {};
let family = play.families.at(-1); // the codec that is played: until it is chosen, the one that plays most widely

function tell(kind, more) {
  events.add({ kind, member, profile, title, session, decision_id: decision || "", device: "web", ...more });
}

function tellQoe(props) {
  const { controller, version } = play;
  const told = { ...props, controller, version, codec: family.name, data_saver: savesData() };
  tell("qoe", { decision_id: play.decision_id, props: told });
  const quality = document.querySelector("#quality");
  const { total } = experience;
  if (quality && total.media_s) {
    const vmaf = total.vmaf_s / total.media_s;
    quality.value = `${Math.round(total.kbit / total.media_s)} kbit/s${vmaf ? `, VMAF ${vmaf.toFixed(0)}` : ""}, `
      + `${total.stall_s.toFixed(1)} s of stalls`;
  }
}

const experience = new Experience(video, tellQoe);
window.frontrowPlayback = experience.total; // for tests and the curious
video.addEventListener("playing", () => {
  if (play.exposure) tell("exposure", { decision_id: play.decision_id, props: play.exposure });
  tell("play", { value: video.currentTime });
  events.flush(); // the page of live sessions shows it now
}, { once: true });
setInterval(() => experience.report(), REPORT_MS);
video.addEventListener("ended", () => {
  experience.report("ended");
  tell("stop", { value: 1 });
  events.flush().then(() => { video.dataset.state = "ended"; });
});
addEventListener("pagehide", () => {
  if (!video.ended) experience.report("left");
  if (video.duration && !video.ended) tell("stop", { value: Math.min(video.currentTime / video.duration, 1) });
  events.leave();
});

const at = Number(video.dataset.at) || 0;
video.addEventListener("loadedmetadata", () => { if (at > 0 && at < 1) video.currentTime = at * video.duration; }, { once: true });
if (saver) {
  saver.checked = localStorage.getItem(SAVER) === "1";
  saver.addEventListener("change", () => localStorage.setItem(SAVER, saver.checked ? "1" : "0"));
}
let ready = Promise.resolve();
if (globalThis.Hls?.isSupported()) ready = chooseFamily(play.families).then((found) => { family = found; }).then(playWithHls);
else video.src = `${stream}/master.m3u8`; // Safari plays HLS by itself
addSeekStrip(video, document.querySelector("#seek"), `${stream}/thumbnails.vtt`);
ready.then(() => video.play()).catch(() => { // this browser wants a click first, and the wait counts from there
  video.poster = video.dataset.poster;
  video.addEventListener("play", () => { experience.began = performance.now(); }, { once: true });
});

function savesData() {
  return Boolean(saver?.checked ?? navigator.connection?.saveData);
}

// Resolves when the film should begin.
function playWithHls() {
  let abr = null; // until its table is there, the lowest rung
  const early = []; // downloads of that time
  let fetched = false;
  const sound = new SoundFirst();
  const hls = new Hls({
    fLoader: sound.loader(), enableWorker: false, maxBufferLength: BUFFER_S, maxMaxBufferLength: BUFFER_S + 4, startLevel: 0, testBandwidth: false,
    capLevelOnFPSDrop: true, ...LIVE,
  });
  let loading = null;
  let newest = 0; // number of the newest segment that came
  let decodes = Infinity; // highest rung that the device decodes in time
  const buffered = () => {
    for (let i = 0; i < video.buffered.length; i++) {
      const [start, end] = [video.buffered.start(i), video.buffered.end(i)];
      if (start <= video.currentTime + 0.3 && end > video.currentTime) return end - video.currentTime;
    }
    return 0;
  };
  const isLive = () => Boolean(hls.levels[hls.loadLevel]?.details?.live);
  const sizes = (segment) => about.sizes_kbit?.[Math.min(segment, about.sizes_kbit.length - 1)]
    ?? hls.levels.map((level) => (level.averageBitrate * (about.segment_s ?? 4)) / 1000);
  const left = (segment) => (isLive() || !about.sizes_kbit ? Infinity : Math.max(about.sizes_kbit.length - segment - 1, 0));

  // No more than the screen can show and the device can decode, and half the ladder for who saves data.
  const most = () => {
    const top = hls.levels.length - 1;
    const caps = [top, decodes, hls.autoLevelCapping >= 0 ? hls.autoLevelCapping : top];
    if (savesData()) caps.push(Math.floor(top / 2));
    const pixels = video.clientHeight * devicePixelRatio;
    const enough = hls.levels.findIndex((level) => level.height >= 0.9 * pixels);
    if (enough >= 0 && pixels > 0) caps.push(hls.levels.findLastIndex((level) => level.height === hls.levels[enough].height));
    return Math.min(...caps);
  };
  const decide = (segment, buffer) => {
    hls.nextLoadLevel = abr ? abr.choose(sizes(segment), buffer, left(segment), most()) : 0;
  };

  const described = fetch(`${stream}/package.json`).then((it) => it.json()).then((told) => {
    about = { ...told, ...told.alternatives?.find((it) => it.family === family.name) };
  });
  const learn = async () => {
    fetched = true;
    const [policy] = await Promise.all([family.policy ? fetch(family.policy).then((it) => it.json()) : null, described]);
    const readable = AbrController.reads(policy);
    if (!readable) play.controller = "buffer_based"; // as the log tells it
    abr = readable ? new AbrController(policy) : new BufferController(hls.levels.length);
    for (const download of early) abr.downloaded(...download);
    if (!loading) decide(newest + 1, buffered());
  };
  const note = (...download) => (abr ? abr.downloaded(...download) : early.push(download));

  hls.on(Hls.Events.MANIFEST_PARSED, async () => {
    keepFamily(hls, family); // before the first segment is asked for
    const checks = await Promise.all(hls.levels.map(canDecode));
    const first = checks.indexOf(false);
    if (first > 0) decodes = first - 1;
  });
  hls.on(Hls.Events.FRAG_LOADING, (_, { frag }) => {
    if (frag.type === "main" && frag.sn !== "initSegment") loading = frag;
  });
  hls.on(Hls.Events.FRAG_LOADED, (_, { frag }) => {
    if (frag.type === "audio" && frag.sn !== "initSegment") sound.came(frag.end);
    if (frag.type !== "main" || frag.sn === "initSegment") return;
    loading = null;
    newest = frag.sn;
    const { loading: times, total, loaded } = frag.stats;
    const kbit = ((total || loaded) * 8) / 1000;
    const [first, whole] = [(times.first - times.start) / 1000, (times.end - times.start) / 1000];
    const rate = kbit / Math.max(whole - first, 1e-6);
    note(kbit, first, whole, frag.level);
    experience.segment(kbit, frag.duration, frag.level, family.vmaf[frag.level], rate);
    if (!fetched && (rate > AWAIT_KBPS || buffered() + frag.duration >= AHEAD_S)) {
      if (rate > AWAIT_KBPS) hls.pauseBuffering();
      learn().catch(() => { fetched = false; }).finally(() => hls.resumeBuffering()); // a failure: with the next segment
      setTimeout(() => hls.resumeBuffering(), AWAIT_MS);
    }
    decide(frag.sn + 1, buffered() + frag.duration); // before hls.js asks for the next one
  });
  video.addEventListener("seeking", () => sound.came(Infinity));
  video.addEventListener("seeking", () => decide(Math.floor(video.currentTime / (about.segment_s ?? 4)), buffered()));
  setInterval(() => {
    const { loaded, loading: times } = loading?.stats ?? {};
    if (!abr || !loaded || !times.first || video.paused) return;
    const elapsed = (performance.now() - times.start) / 1000;
    const arrived = (loaded * 8) / 1000;
    const first = (times.first - times.start) / 1000;
    const lower = abr.abandon(loading.level, sizes(loading.sn), arrived, first, elapsed, buffered(), left(loading.sn));
    if (lower < 0) return;
    note(arrived, first, elapsed);
    const frag = loading;
    loading = null;
    hls.nextLoadLevel = lower;
    frag.abortRequests();
    hls.trigger(Hls.Events.FRAG_LOAD_EMERGENCY_ABORTED, { frag, part: null, stats: frag.stats });
  }, CHECK_MS);
  const started = new Promise((begin) => {
    const first = new FirstSegments();
    hls.on(Hls.Events.FRAG_LOADED, (_, { frag }) => { if (frag.sn !== "initSegment") first.came(frag); });
    hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => {
      if (!first.complete(hls.audioTracks.length > 0)) return;
      const ahead = about.sizes_kbit?.slice(newest + 1).map((row) => row[0]) ?? [];
      setTimeout(begin, 1000 * first.delay(ahead, about.segment_s ?? frag.duration));
    });
  });
  hls.loadSource(`${stream}/master.m3u8`);
  hls.attachMedia(video);
  return started;
}

// Whether the device says that it decodes a rung smoothly; true where the browser does not tell.
async function canDecode(level) {
  if (!navigator.mediaCapabilities || !level.videoCodec) return true;
  const contentType = `video/mp4; codecs="${level.videoCodec}"`;
  const { width, height, bitrate } = level;
  try {
    const told = await navigator.mediaCapabilities.decodingInfo({ type: "media-source", video: { contentType, width, height, bitrate, framerate: 30 } });
    return told.supported && told.smooth;
  } catch {
    return true;
  }
}
