// Sends events to Frontrow from any page: in batches, again when that failed, and when the page is left. An event's id
// is made here, so one that is sent twice is stored once. Works by itself: import { EventClient } from ".../events.js".

const RETRY_MS = 1000; // doubled with each failure
const LONGEST_RETRY_MS = 60_000;
const BEACON_BYTES = 60_000; // browsers take 64 KiB of beacons and kept-alive requests at a time

// A UUID of version 7 (RFC 9562): milliseconds first, so that ids sort by time.
export function newId(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class EventClient {
  // `headers` carry a CSRF token or a key; `batch` events make a request at once, fewer wait `everyMs`; of more than
  // `most` waiting events the oldest are given up.
  constructor({ url = "/v1/events", headers = {}, batch = 50, everyMs = 3000, most = 1000 } = {}) {
    Object.assign(this, { url, headers, batch, everyMs, most });
    this.waiting = [];
    this.sending = null;
    this.timer = null;
    this.failures = 0;
    this.lost = 0;
    if (typeof addEventListener === "function") {
      addEventListener("pagehide", () => this.leave());
      addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.leave());
    }
  }

  // Take an event ({kind, member, ...}); its id and time are filled in.
  add(event) {
    const now = Date.now();
    this.waiting.push({ id: newId(now), at_ms: now, ...event });
    if (this.waiting.length > this.most) this.lost += this.waiting.splice(0, this.waiting.length - this.most).length;
    if (this.waiting.length >= this.batch && !this.failures) this.flush();
    else this.schedule(this.everyMs);
  }

  schedule(afterMs) {
    if (this.timer === null) this.timer = setTimeout(() => this.flush(), afterMs);
  }

  // Send what waits; resolves when nothing waits any more or a retry is planned.
  flush() {
    clearTimeout(this.timer);
    this.timer = null;
    this.sending ??= this.send().finally(() => { this.sending = null; });
    return this.sending;
  }

  async send() {
    while (this.waiting.length) {
      const part = this.waiting.slice(0, this.batch);
      const answer = await this.post(part);
      if (!answer || answer.status === 429 || answer.status >= 500) {
        const wait = Math.min(RETRY_MS * 2 ** this.failures++, LONGEST_RETRY_MS) * (0.5 + Math.random() / 2);
        this.schedule(Math.max(wait, 1000 * Number(answer?.headers.get("Retry-After") ?? 0)));
        return;
      }
      this.failures = 0;
      if (!answer.ok) this.lost += part.length; // refused: sending it again would not help
      const sent = new Set(part.map((event) => event.id));
      this.waiting = this.waiting.filter((event) => !sent.has(event.id));
    }
  }

  async post(part) {
    try {
      return await fetch(this.url, {
        method: "POST", body: JSON.stringify(part), headers: { "Content-Type": "application/json", ...this.headers },
      });
    } catch {
      return null; // offline
    }
  }

  // The page goes: what waits is handed to the browser. A beacon cannot carry headers, so with headers it is a request
  // that the browser keeps alive. What might already be on its way goes again; the service stores it once.
  leave() {
    while (this.waiting.length) {
      const part = [];
      let bytes = 2;
      while (this.waiting.length && part.length < this.batch) {
        bytes += JSON.stringify(this.waiting[0]).length * 3; // UTF-8 needs at most three bytes a unit
        if (part.length && bytes > BEACON_BYTES) break;
        part.push(this.waiting.shift());
      }
      const body = JSON.stringify(part);
      if (!Object.keys(this.headers).length && navigator.sendBeacon) {
        if (!navigator.sendBeacon(this.url, new Blob([body], { type: "application/json" }))) {
          this.waiting.unshift(...part);
          return;
        }
      } else {
        const headers = { "Content-Type": "application/json", ...this.headers };
        fetch(this.url, { method: "POST", body, keepalive: true, headers }).catch(() => this.waiting.unshift(...part));
      }
    }
  }
}
