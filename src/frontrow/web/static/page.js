// What the pages do beyond links and forms: rows scroll by buttons, shown tiles become impressions, sliders tell their
// value, htmx carries the CSRF token. Without this file the pages still work.

import { EventClient } from "./events.js";

const csrf = document.querySelector('meta[name="csrf"]')?.content;
document.addEventListener("htmx:configRequest", (event) => {
  if (csrf) event.detail.headers["X-CSRF-Token"] = csrf;
});

for (const strip of document.querySelectorAll(".strip")) {
  const list = strip.querySelector("ul");
  const [back, forth] = [strip.querySelector(".back"), strip.querySelector(".forth")];
  const show = () => {
    back.hidden = list.scrollLeft < 8;
    forth.hidden = list.scrollLeft + list.clientWidth > list.scrollWidth - 8;
  };
  back.addEventListener("click", () => list.scrollBy({ left: -0.85 * list.clientWidth }));
  forth.addEventListener("click", () => list.scrollBy({ left: 0.85 * list.clientWidth }));
  list.addEventListener("scroll", show, { passive: true });
  new ResizeObserver(show).observe(list);
}

// The first picks: the button says how many more would help.
const picks = document.querySelector("#picks");
picks?.addEventListener("change", () => {
  const left = Number(picks.dataset.wanted) - picks.querySelectorAll(":checked").length;
  picks.querySelector("button").textContent = left > 0 ? `Pick ${left} more` : "Make my page";
});

const slider = document.querySelector("#far");
slider?.addEventListener("input", () => {
  document.querySelector("#percent").value = `${Math.round(100 * slider.value)}%`;
});

// An impression is a tile of which half was on the screen for a second.
const rows = document.querySelector("#rows");
if (rows?.dataset.acts === "1" && rows.dataset.member) {
  const { member, profile, decision } = rows.dataset;
  const events = new EventClient({ headers: { "X-CSRF-Token": csrf } });
  const timers = new Map();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      timers.delete(target);
      if (!isIntersecting) continue;
      timers.set(target, setTimeout(() => {
        watcher.unobserve(target);
        const props = { row: target.closest(".row").dataset.row };
        if (target.dataset.propensity) props.propensity = Number(target.dataset.propensity);
        const { picture, picturePropensity, segment, pictureArm } = target.dataset;
        if (picture) {
          Object.assign(props, { picture, picture_propensity: Number(picturePropensity), segment, picture_arm: pictureArm });
        }
        events.add({
          kind: "impression", member, profile, title: target.dataset.title, decision_id: decision,
          value: Number(target.dataset.position), props,
        });
      }, 1000));
    }
  }, { threshold: 0.5 });
  for (const tile of rows.querySelectorAll(".tile")) watcher.observe(tile);
}
