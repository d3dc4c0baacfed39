// A strip under the film to seek with: a small picture shows what lies under the pointer, out of the thumbnails' WebVTT.

export function addSeekStrip(video, strip, track) {
  let cues = []; // fetched when somebody first points at the strip
  strip.addEventListener("pointerenter", async () => {
    const answer = await fetch(track);
    if (answer.ok) cues = read(await answer.text(), new URL(track, location.href));
  }, { once: true });
  const [slider, picture, clock] = [strip.querySelector("input"), strip.querySelector(".thumb"), strip.querySelector("output")];
  const show = () => {
    if (!video.duration || strip.matches(":active")) return;
    slider.max = video.duration;
    slider.value = video.currentTime;
    clock.value = `${format(video.currentTime)} / ${format(video.duration)}`;
    slider.setAttribute("aria-valuetext", format(video.currentTime));
  };
  video.addEventListener("timeupdate", show);
  video.addEventListener("durationchange", show);
  slider.addEventListener("change", () => { video.currentTime = slider.value; });
  strip.addEventListener("pointermove", (event) => {
    const { left, width } = slider.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    const cue = cues.findLast((it) => it.start <= share * (video.duration || 0));
    if (!cue) return;
    const half = cue.width / 2;
    Object.assign(picture.style, {
      width: `${cue.width}px`, height: `${cue.height}px`, backgroundImage: `url("${cue.url}")`,
      backgroundPosition: `-${cue.x}px -${cue.y}px`, left: `${Math.min(Math.max(share * width, half), width - half) - half}px`,
    });
    picture.dataset.at = format(share * video.duration);
    picture.hidden = false;
  });
  strip.addEventListener("pointerleave", () => { picture.hidden = true; });
  video.addEventListener("playing", () => { strip.hidden = false; }, { once: true });
}

// Cues of a thumbnails track: [{start, url, x, y, width, height}].
export function read(text, base) {
  const found = text.matchAll(/(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> [^\n]*\n([^\n#]+)#xywh=(\d+),(\d+),(\d+),(\d+)/g);
  return Array.from(found, ([, hours, minutes, seconds, file, ...box]) => {
    const [x, y, width, height] = box.map(Number);
    return { start: Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds), url: new URL(file, base).href, x, y, width, height };
  });
}

function format(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${hours ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes}:${String(rest).padStart(2, "0")}`;
}
