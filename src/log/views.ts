import { bareOf } from './bare.ts';
import { eachBase64, eachHex } from './encoded-runs.ts';
import { eachGrouped } from './groups.ts';
import type { Layer } from './layer.ts';
import { cutOffFrom, peel } from './peel.ts';
import { withoutTags } from './tags.ts';
import { eachTextRow, mayLead } from './text-rows.ts';
import { eachUnwrapped } from './unwrap.ts';

/** A text in one of the ways to read it, with the places of its characters in the text that was given. */
export type View = Layer & {
  /** Whether lines may have been joined to make it. */
  isJoined: boolean;
  /** Whether it is what base64 or hex stands for. */
  isDecoded: boolean;
  /** Limits the search in it: to values without token shapes, or to bare needles. */
  only?: 'values' | 'bare';
  /** Where, in the text that was given, an escape begins that is not over; the view ends before it. */
  openAt?: number;
};

/** Properties of the searched values that decide where to look. */
export type Looks = {
  /** Whether the text is bytes, each the character of its number. */
  isBytes: boolean;
  /** Whether more may follow, so that an escape at the end is not read before it is over. */
  isPartial: boolean;
  /** Whether the text is binary, so that nothing is escaped in it. */
  isBinary: boolean;
  /** Whether a searched value has other characters than ASCII. */
  isWide: boolean;
  /** Which bytes are text. */
  isText: Uint8Array;
  /** Whether three characters in a row, by their codes, may be part of a searched text. */
  mayHold(one: number, two: number, three: number): boolean;
  /** The same including bare needles. */
  mayJoin(one: number, two: number, three: number): boolean;
};

/** How many spellings are taken off, one over the other. */
const MAX_PEELS = 6;
/** How deep base64 and hex are decoded within each other. */
const MAX_DEPTH = 3;

/**
 * Gives `text` in every way to read it: as it is, with escapes, quotes and invisible characters taken off layer by
 * layer, without tags of HTML, unwrapped, with nothing but its letters and digits, and what base64 and hex in it stand
 * for, again in every way. Views after the first are bytes.
 */
export function eachView(text: string, looks: Looks, give: (view: View) => void): void {
  const root: View = { text, start: same, end: same, reachesEnd: true, isJoined: false, isDecoded: false };
  readings(root, { depth: 0, looks, give });
}

function same(at: number): number {
  return at;
}

/** The parameters of reading a text: its depth in base64 and hex, the searched values, and the receiver of the views. */
type Reading = { depth: number; looks: Looks; give: (view: View) => void };

function readings(whole: View, reading: Reading): void {
  const { depth, looks, give } = reading;
  const root = looks.isPartial ? untilOpen(whole) : whole;
  give(root);
  let last = root;
  for (let peels = 0; peels < MAX_PEELS && !looks.isBinary; peels += 1) {
    const next = peel(last.text, looks.isBytes || depth > 0 || peels > 0);
    if (!next) break;
    last = looks.isPartial ? untilOpen(over(last, next)) : over(last, next);
    give(last);
  }
  for (const view of last === root ? [root] : [root, last]) {
    eachUnwrapped(view.text, looks.mayHold, (layer) => {
      const joined = over(view, layer, true);
      give(joined);
      decode(joined, reading);
    });
    decode(view, reading);
  }
  if (looks.isBinary) return;
  eachGrouped(last.text, (layer) => decode(over(last, layer, true), reading));
  const untagged = readWithoutTags(last, reading);
  if (depth > 0) return;
  // A backslash that stands before a letter for itself was taken for a part of another character above.
  const isSpelt = last !== root && root.text.includes('\\');
  for (const view of [last, ...(isSpelt ? [root] : []), ...untagged]) {
    const bare = bareOf(view.text);
    if (bare) give({ ...over(view, bare, true), only: 'bare' });
  }
}

/** Reads a text without the tags in it, and gives what is then to be read bare: where something may stand on both sides of one, and before one that is not over yet. */
function readWithoutTags(view: View, reading: Reading): View[] {
  const { looks, give } = reading;
  const untagged = withoutTags(view.text, looks.mayJoin);
  if (!untagged) return [];
  const { layer, isJoined, isGrouped, openAt } = untagged;
  const plain: View = { ...over(view, layer, true), only: 'values' };
  if (isGrouped) {
    decode(plain, reading);
    eachUnwrapped(plain.text, looks.mayHold, (joined) => decode(over(plain, joined), reading));
  }
  const mayGoOn = looks.isPartial && view.reachesEnd && openAt !== undefined;
  const plains = [
    ...(isJoined ? [plain] : []),
    ...(mayGoOn ? [{ ...plain, text: plain.text.slice(0, openAt) }] : []),
  ];
  for (const each of plains) give(each);
  return plains;
}

function decode(below: View, { depth, looks, give }: Reading): void {
  if (depth === MAX_DEPTH) return;
  const isPartial = looks.isPartial && below.reachesEnd;
  const read = (layer: Layer): void => {
    const mayGoOn = isPartial && layer.reachesEnd;
    eachTextRow(layer.text, { isText: looks.isText, mayGoOn }, (row) => {
      if (!mayLead(row.text, looks.mayHold, mayGoOn && row.reachesEnd)) return;
      const decoded = { ...over(over(below, layer, true), row), isDecoded: true };
      readings(decoded, { depth: depth + 1, looks, give });
    });
  };
  eachBase64(below.text, { isWide: looks.isWide, isPartial }, read);
  eachHex(below.text, { isPartial }, read);
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
