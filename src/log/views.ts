import { eachBase64, eachHex } from './encoded-runs.ts';
import type { Layer } from './layer.ts';
import { mayLead } from './may-lead.ts';
import { cutOffFrom, peel } from './peel.ts';
import { eachUnwrapped } from './unwrap.ts';

/** A text in one of the ways to read it, with the places of its characters in the text that was given. */
export type View = Layer & {
  /** Whether lines may have been joined to make it. */
  isJoined: boolean;
  /** Whether it is what base64 or hex stands for. */
  isDecoded: boolean;
  /** Where, in the text that was given, an escape begins that is not over; the view ends before it. */
  openAt?: number;
};

/** What of that which is looked for says where to look. */
export type Looks = {
  /** Whether the text is bytes, each the character of its number. */
  isBytes: boolean;
  /** Whether more may follow, so that an escape at the end is not read before it is over. */
  isPartial: boolean;
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
  const root: View = { text, start: same, end: same, reachesEnd: true, isJoined: false, isDecoded: false };
  readings(root, 0, looks, give);
}

function same(at: number): number {
  return at;
}

function readings(whole: View, depth: number, looks: Looks, give: (view: View) => void): void {
  const root = looks.isPartial ? untilOpen(whole) : whole;
  give(root);
  let last = root;
  for (let peels = 0; peels < MAX_PEELS && !looks.isBinary; peels += 1) {
    const next = peel(last.text, looks.isBytes || depth > 0 || peels > 0);
    if (!next) break;
    last = looks.isPartial ? untilOpen(over(last, next)) : over(last, next);
    give(last);
  }
  const decode = (below: View): void => {
    if (depth === MAX_DEPTH) return;
    const how = { isWide: looks.isWide, isPartial: looks.isPartial && below.reachesEnd };
    const read = (layer: Layer): void => {
      if (mayLead(layer.text, looks.mayHold, how.isPartial && layer.reachesEnd))
        readings({ ...over(below, layer, true), isDecoded: true }, depth + 1, looks, give);
    };
    eachBase64(below.text, how, read);
    eachHex(below.text, how, read);
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

function untilOpen(view: View): View {
  const cutOff = view.reachesEnd ? cutOffFrom(view.text) : view.text.length;
  if (cutOff === view.text.length) return view;
  return { ...view, text: view.text.slice(0, cutOff), openAt: view.start(cutOff) };
}

/** A layer over another, with places in what that is over. */
function over(below: View, layer: Layer, isJoined = below.isJoined): View {
  return {
    text: layer.text,
    start: (at) => below.start(layer.start(at)),
    end: (at) => below.end(layer.end(at)),
    reachesEnd: below.reachesEnd && layer.reachesEnd,
    isJoined,
    isDecoded: below.isDecoded,
  };
}
