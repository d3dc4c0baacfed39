// How a film begins on a poor line: when playing starts, and in which order pictures and sound are fetched.

const SOUND_MS = 4000; // the longest wait of a picture for its sound
const PLAN = 8; // segments looked ahead
const TRUST = 0.9; // share of the measured rate that is counted on

// The first segment of pictures and of sound: what they told of the line.
export class FirstSegments {
  constructor() {
    Object.assign(this, { kbit: 0, sound: 0, from: Infinity, to: 0, types: new Set() });
  }

  came({ type, stats }) {
    if (this.types.has(type)) return;
    const kbit = ((stats.total || stats.loaded) * 8) / 1000;
    this.types.add(type);
    this.kbit += kbit;
    if (type === "audio") this.sound = kbit;
    this.from = Math.min(this.from, stats.loading.start);
    this.to = Math.max(this.to, stats.loading.end);
  }

  complete(hasSound) {
    return this.types.has("main") && (!hasSound || this.types.has("audio"));
  }

  // Seconds to wait before playing, so that the next segments in the lowest rung come in time if the line stays as it is.
  delay(pictures, segment) {
    const kbps = (TRUST * this.kbit) / Math.max((this.to - this.from) / 1000, 1e-3);
    let [there, wait] = [0, 0];
    pictures.slice(0, PLAN).forEach((kbit, number) => {
      there += (kbit + this.sound) / kbps;
      wait = Math.max(wait, there - (number + 1) * segment);
    });
    return Math.min(wait, segment); // a line that cannot carry it stalls anyhow
  }
}

// Pictures do not run ahead of the sound: the two share the line, half each while both load, and where the sound needs more
// than its half it would be what is missed. A picture segment waits until the sound up to its beginning is there.
export class SoundFirst {
  constructor() {
    this.end = Infinity; // of the sound that came, seconds; until the first comes nothing waits
    this.waiting = [];
  }

  came(end) {
    this.end = end;
    for (const go of this.waiting.splice(0)) go();
  }

  loader() {
    const sound = this;
    return class extends Hls.DefaultConfig.loader {
      load(context, config, callbacks) {
        const { frag } = context;
        let gone = false;
        const go = () => {
          if (gone || this.given) return;
          gone = true;
          super.load(context, config, callbacks);
        };
        if (frag?.type !== "main" || frag.sn === "initSegment" || sound.end >= frag.start - 0.1) go();
        else {
          sound.waiting.push(go);
          setTimeout(go, SOUND_MS); // a sound that does not come must not stop the film
        }
      }

      abort() {
        this.given = true;
        super.abort();
      }

      destroy() {
        this.given = true;
        super.destroy();
      }
    };
  }
}
