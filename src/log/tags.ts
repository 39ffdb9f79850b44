import { IS_BASE64 } from './encoded-runs.ts';
import { KEPT, type Layer, layerOf, type Pieces } from './layer.ts';

const LESS = 60;
const GREATER = 62;

/** What may stand behind the sign that begins a tag of HTML, a comment or a declaration. */
const BEGINS = /[a-z/!?]/i;

/** Where what is not over yet ends. */
const OPEN = Number.POSITIVE_INFINITY;

/** Fewer characters between two tags are no group of base64 or hex. */
const LEAST_GROUP = 4;

/** A text without tags. */
type Untagged = {
  layer: Layer;
  /** Whether what stands around one of them may belong together. */
  isJoined: boolean;
  /** Whether what stands between some of them may be groups of base64 or hex. */
  isGrouped: boolean;
  /** Where one begins, in the layer's text, that is not over. */
  openAt: number | undefined;
};

/** Whether three characters in a row, by their codes, may be part of what is looked for. */
type MayHold = (one: number, two: number, three: number) => boolean;

/** A text without the tags and comments of HTML, which show as nothing; undefined when there are none. One that is not over stays. */
export function withoutTags(text: string, mayHold: MayHold): Untagged | undefined {
  let at = text.indexOf('<');
  if (at < 0) return undefined;
  const pieces: Pieces = { at: [], from: [], to: [] };
  const parts: string[] = [];
  let kept = 0;
  let length = 0;
  let openAt: number | undefined;
  const keep = (to: number): void => {
    if (to === kept) return;
    pieces.at.push(length);
    pieces.from.push(kept);
    pieces.to.push(KEPT);
    parts.push(text.slice(kept, to));
    length += to - kept;
  };
  const commentEnd = commentEnds(text);
  while (at >= 0) {
    const end = BEGINS.test(text.charAt(at + 1)) ? (commentEnd(at) ?? tagEnd(text, at)) : undefined;
    if (end === OPEN) openAt ??= length + at - kept;
    else if (end !== undefined) {
      keep(at);
      kept = end;
    }
    at = text.indexOf('<', end === undefined || end === OPEN ? at + 1 : end);
  }
  if (kept === 0 && openAt === undefined) return undefined;
  keep(text.length);
  const layer = layerOf(parts.join(''), text.length, pieces);
  const isJoined = kept === text.length || pieces.at.some((place) => isJoint(layer.text, place, mayHold));
  return { layer, isJoined, isGrouped: isGrouped(parts), openAt };
}

/** Whether the characters before a place and those behind it may belong together, whatever blanks are between them. */
function isJoint(text: string, at: number, mayHold: MayHold): boolean {
  let [before, behind] = [at - 1, at];
  while (isBlank(text.charCodeAt(before))) before -= 1;
  while (isBlank(text.charCodeAt(behind))) behind += 1;
  const [one, next] = [text.charCodeAt(before), text.charCodeAt(behind)];
  return mayHold(text.charCodeAt(before - 1), one, next) || mayHold(one, next, text.charCodeAt(behind + 1));
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** Whether two neighbours are base64 as a whole, as long as each other, with capitals and small letters. */
function isGrouped(parts: readonly string[]): boolean {
  return parts.some((part, index) => {
    const next = parts[index + 1];
    if (part.length < LEAST_GROUP || part.length !== next?.length || !isGroup(part) || !isGroup(next))
      return false;
    return /[A-Z]/.test(part + next) && /[a-z]/.test(part + next);
  });
}

function isGroup(part: string): boolean {
  const group = part.trim();
  let at = 0;
  while (IS_BASE64[group.charCodeAt(at)] === 1) at += 1;
  return at === group.length && at >= LEAST_GROUP;
}

/** Gives the end of the comment at a place; called in ascending order. The search for a missing end is done once. */
function commentEnds(text: string): (at: number) => number | undefined {
  let isNone = false;
  return (at) => {
    if (!text.startsWith('<!--', at)) return undefined;
    const end = isNone ? -1 : text.indexOf('-->', at + 2);
    isNone = end < 0;
    return isNone ? OPEN : end + 3;
  };
}

function tagEnd(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === GREATER) return at + 1;
    if (code === LESS) return undefined;
  }
  return OPEN;
}
