// One inspected file by keyboard: through the findings, right or wrong, what was missed, and the verdict on the file.

const page = document.querySelector("#review");
const film = document.querySelector("#film");
const items = [...document.querySelectorAll("#findings > li")];
const marks = [...document.querySelectorAll("#lane > i[data-number]")];
const mark = document.querySelector("#mark");
const drawing = document.querySelector("#drawing");
const told = document.querySelector("#told");
const help = document.querySelector("#help");
const rate = Number(page.dataset.rate) || 25;
const length = Number(page.dataset.duration) || 1;
const PRE_ROLL_S = 1; // what was before shows whether something is wrong
let current = -1;
let stopAt = Infinity;

function go(to) {
  if (!items.length) return;
  current = Math.min(Math.max(to, 0), items.length - 1);
  items.forEach((item, place) => item.toggleAttribute("aria-current", place === current));
  marks.forEach((one) => one.classList.toggle("current", one.dataset.number === items[current].dataset.number));
  items[current].scrollIntoView({ block: "nearest" });
  items[current].focus({ preventScroll: true });
  seek(Number(items[current].dataset.start));
}

function seek(at) {
  if (!film) return;
  film.pause();
  stopAt = Infinity;
  film.currentTime = Math.min(Math.max(at, 0), Math.max(length - 1 / rate, 0));
}

function playFinding() {
  if (!film || current < 0) return;
  const { start, end } = items[current].dataset;
  film.currentTime = Math.max(Number(start) - PRE_ROLL_S, 0);
  stopAt = Number(end) + PRE_ROLL_S;
  film.play().catch(() => {});
}

async function say(fields) {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const answer = await fetch(`/quality/${page.dataset.id}/say`, {
    method: "POST",
    headers: { "X-CSRF-Token": csrf, Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields),
  });
  if (answer.ok) return true;
  const problem = await answer.json().catch(() => ({}));
  told.textContent = problem.error || `That did not work (${answer.status}); try again.`;
  return false;
}

async function judge(said, item = items[current]) {
  if (!item || !(await say({ said, number: item.dataset.number }))) return;
  item.dataset.mine = said;
  told.textContent = `Finding ${Number(item.dataset.number) + 1}: ${said}`;
  if (item === items[current]) go(current + 1);
}

async function decide(said) {
  if (await say({ said })) location.assign(`/quality/next?after=${page.dataset.id}`);
}

// hh:mm:ss:ff as the findings tell it; at 29.97 and 59.94 frames a second numbers are dropped (SMPTE ST 12-1).
function timecode(at) {
  const whole = Math.round(rate);
  const drops = [30, 60].some((each) => Math.abs(rate - (each * 1000) / 1001) < 0.005);
  let number = Math.max(0, Math.floor(at * rate + 1e-3));
  if (drops) {
    const skipped = whole / 15;
    const tens = Math.floor(number / (whole * 600 - 9 * skipped));
    const rest = number % (whole * 600 - 9 * skipped);
    number += 9 * skipped * tens;
    if (rest >= whole * 60) number += skipped * (Math.floor((rest - whole * 60) / (whole * 60 - skipped)) + 1);
  }
  const pad = (each) => String(each).padStart(2, "0");
  const seconds = Math.floor(number / whole);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(pad).join(":");
  return `${clock}${drops ? ";" : ":"}${pad(number % whole)}`;
}

// A missed span: i and o take the player's time.
const start = mark.elements.start_s;
const end = mark.elements.end_s;
const kind = mark.elements.code;

function openMark(open) {
  mark.hidden = !open;
  if (open) start.value = end.value = "";
  draw();
}

function draw() {
  const [from, to] = [Number(start.value), end.value === "" ? (film?.currentTime ?? 0) : Number(end.value)];
  drawing.hidden = mark.hidden || start.value === "";
  drawing.style.left = `${(100 * from) / length}%`;
  drawing.style.width = `${Math.max((100 * (to - from)) / length, 0.2)}%`;
}

function take(field) {
  if (film) field.value = film.currentTime.toFixed(3);
  draw();
}

async function saveMark() {
  if (!mark.reportValidity()) return;
  if (Number(end.value) <= Number(start.value)) {
    told.textContent = "The end lies before the start: set it with o further on.";
    return;
  }
  const fields = { said: "missed", code: kind.value, start_s: start.value, end_s: end.value };
  if (await say(fields)) location.reload();
}

const KEYS = {
  j: () => go(current + 1),
  k: () => go(current - 1),
  Enter: () => (mark.hidden ? playFinding() : saveMark()),
  1: () => judge("right"),
  2: () => judge("wrong"),
  " ": () => film && (film.paused ? film.play().catch(() => {}) : film.pause()),
  m: () => openMark(true),
  i: () => take(start),
  o: () => take(end),
  "[": () => { kind.selectedIndex = Math.max(kind.selectedIndex - 1, 0); },
  "]": () => { kind.selectedIndex = Math.min(kind.selectedIndex + 1, kind.length - 1); },
  Escape: () => openMark(false),
  a: () => decide("approve"),
  r: () => decide("reject"),
  s: () => decide("skip"),
  q: () => location.assign("/quality"),
  "?": () => help.showModal(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const typing = event.target.matches("input, select, textarea");
  if (typing && event.key !== "Escape") return; // Enter in the form submits it, and letters are typed
  const at = event.target.closest("button, a, video");
  if (at && (event.key === "Enter" || event.key === " ")) return;
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const by = (event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 1 / rate : 1);
    event.preventDefault();
    if (film) seek(film.currentTime + by);
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.querySelector("#mark-button").addEventListener("click", () => openMark(mark.hidden));
for (const button of mark.querySelectorAll("[data-take]")) {
  button.addEventListener("click", () => take(mark.elements[button.dataset.take]));
}
document.querySelector("#help-button").addEventListener("click", () => help.showModal());
items.forEach((item, place) => {
  item.addEventListener("click", (event) => { if (!event.target.closest("button")) go(place); });
  item.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    judge(event.submitter.value, item);
  });
});
mark.addEventListener("submit", (event) => { event.preventDefault(); saveMark(); });
mark.addEventListener("input", draw);
document.querySelector("#lane").addEventListener("click", (event) => {
  const box = event.currentTarget.getBoundingClientRect();
  seek(((event.clientX - box.left) / box.width) * length);
});

if (film) {
  const show = () => {
    const at = film.currentTime;
    document.querySelector("#clock").value = timecode(at);
    document.querySelector("#head").style.left = `${(100 * at) / length}%`;
    if (at >= stopAt) { stopAt = Infinity; film.pause(); }
    if (!mark.hidden && end.value === "") draw();
  };
  for (const kindOfEvent of ["timeupdate", "seeked", "loadedmetadata"]) film.addEventListener(kindOfEvent, show);
  film.addEventListener("error", () => { told.textContent = "The browser cannot play this film; the stills show what was seen."; });
}
if (items.length) go(0);
