import { eachBase64, eachHex } from './encoded-runs.ts';
import type { Layer } from './layer.ts';
import { peel } from './peel.ts';
import { eachUnwrapped } from './unwrap.ts';

/** A text in one of the ways to read it, with the places of its characters in the text that was given. */
export type View = Layer & {
  /** Whether lines may have been joined to make it. */
  isJoined: boolean;
};

/** What of that which is looked for says where to look. */
export type Looks = {
  /** Whether the text is bytes, each the character of its number. */
  isBytes: boolean;
  /** Whether the text is what no program prints, so that nothing is escaped in it. */
  isBinary: boolean;
  /** Whether something else than ASCII is looked for. */
  isWide: boolean;
  /** Whether three characters in a row, by their codes, may be part of what is looked for. */
  mayHold(one: number, two: number, three: number): boolean;
};

/** How often spellings of different kinds lie over each other. */
const MAX_PEELS = 6;
/** How often base64 and hex lie in each other. */
const MAX_DEPTH = 3;

/**
 * Gives `text` in every way to read it: as it is, with escapes, quotes and invisible characters taken off layer by
 * layer, unwrapped, and what base64 and hex in it stand for, again in every way. Views after the first are bytes.
 */
export function eachView(text: string, looks: Looks, give: (view: View) => void): void {
  const root: View = { text, start: same, end: same, reachesEnd: true, isJoined: false };
  readings(root, 0, looks, give);
}

function same(at: number): number {
  return at;
}

function readings(root: View, depth: number, looks: Looks, give: (view: View) => void): void {
  give(root);
  let last = root;
  for (let peels = 0; peels < MAX_PEELS && !looks.isBinary; peels += 1) {
    const next = peel(last.text, looks.isBytes || depth > 0 || peels > 0);
    if (!next) break;
    last = over(last, next);
    give(last);
  }
  const decode = (below: View): void => {
    if (depth === MAX_DEPTH) return;
    const read = (layer: Layer): void => readings(over(below, layer, true), depth + 1, looks, give);
    eachBase64(below.text, looks.isWide, read);
    eachHex(below.text, looks.isWide, read);
  };
  for (const view of last === root ? [root] : [root, last]) {
    eachUnwrapped(view.text, looks.mayHold, (layer) => {
      const joined = over(view, layer, true);
      give(joined);
      decode(joined);
    });
    decode(view);
  }
}

/** A layer over another, with places in what that is over. */
function over(below: View, layer: Layer, isJoined = below.isJoined): View {
  return {
    text: layer.text,
    start: (at) => below.start(layer.start(at)),
    end: (at) => below.end(layer.end(at)),
    reachesEnd: below.reachesEnd && layer.reachesEnd,
    isJoined,
  };
}
