// Which of a package's codecs is played: the one with the fewest bits that the browser decodes in time. A film is played in
// one codec from beginning to end, since most browsers show a gap where it changes.

// `families`: as the page's data names them, the fewest bits first, the codec that plays everywhere last. One that the device
// decodes without draining its battery is preferred to one that it decodes smoothly by its processor.
export async function chooseFamily(families) {
  if (families.length === 1) return families[0];
  const told = await Promise.all(families.map(ask));
  const at = (accepted) => families[told.findIndex(accepted)];
  return at((it) => it.smooth && it.powerEfficient) ?? at((it) => it.smooth) ?? at((it) => it.supported) ?? families.at(-1);
}

// What the browser says of a family's top rung.
async function ask({ top }) {
  const no = { supported: false, smooth: false, powerEfficient: false };
  if (!top) return no;
  const contentType = `video/mp4; codecs="${top.codec}"`;
  if (!MediaSource.isTypeSupported(contentType)) return no;
  if (!navigator.mediaCapabilities) return { ...no, supported: true };
  const { width, height, bitrate_kbps: kbps } = top;
  const video = { contentType, width, height, bitrate: Math.round(1000 * kbps), framerate: 30 };
  return navigator.mediaCapabilities.decodingInfo({ type: "media-source", video }).catch(() => ({ ...no, supported: true }));
}

// Drop every level of hls.js that is of another codec; their numbers are then those of the family's rungs.
export function keepFamily(hls, { top }) {
  const kind = top?.codec.slice(0, 4);
  for (let number = hls.levels.length - 1; number >= 0; number--) {
    if (kind && hls.levels[number].videoCodec?.slice(0, 4) !== kind) hls.removeLevel(number);
  }
}
