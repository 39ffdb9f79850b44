import type { Layer } from './layer.ts';

/** The least letters and digits that a text needs to be searched without what stands between them: of both kinds, of one kind, in base64 or hex. */
const LEAST_MIXED = 6;
const LEAST_ALIKE = 12;
const LEAST_ENCODED = 8;

const IS_BARE = Uint8Array.from({ length: 65_536 }, (_, code) =>
  code < 128 && /[A-Za-z0-9]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/** One buffer for all calls, because each text is read before the next one; a larger one is not kept. */
const buffer = Buffer.alloc(64 * 1024);

/** A text of which only ASCII's letters and digits are left, whatever stood between them; undefined when too few are. */
export function bareOf(text: string): Layer | undefined {
  const bytes = text.length <= buffer.length ? buffer : Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    bytes[length] = code;
    length += IS_BARE[code] as number;
  }
  if (length < LEAST_MIXED) return undefined;
  let places: Uint32Array | undefined;
  const placeOf = (at: number): number => {
    places ??= placesIn(text, length);
    return places[at] ?? text.length;
  };
  return {
    text: bytes.toString('latin1', 0, length),
    start: placeOf,
    end: (at) => (at <= 0 ? 0 : placeOf(at - 1) + 1),
    reachesEnd: true,
  };
}

function placesIn(text: string, length: number): Uint32Array {
  const places = new Uint32Array(length);
  let count = 0;
  for (let at = 0; at < text.length; at += 1)
    if (IS_BARE[text.charCodeAt(at)] === 1) {
      places[count] = at;
      count += 1;
    }
  return places;
}

/** The texts that are searched in bare texts to find a value: its own letters and digits, and those of its base64 and hex. */
export function bareForms(value: string, base64Forms: readonly string[]): string[] {
  const own = bare(value);
  const isMixed = /\d/.test(own) && /\D/.test(own);
  const hex = Buffer.from(value, 'utf8').toString('hex');
  const encoded = [...base64Forms.map(bare), hex, hex.toUpperCase()];
  return [
    ...(own.length >= (isMixed ? LEAST_MIXED : LEAST_ALIKE) ? [own] : []),
    ...encoded.filter((text) => text.length >= LEAST_ENCODED),
  ];
}

function bare(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]/g, '');
}
