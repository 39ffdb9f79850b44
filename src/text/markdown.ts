import type { Nodes, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

/** A part of a text, from the first character to the one after the last. */
export type Range = { from: number; to: number };

/** Where Markdown is something else than text to read: code, raw HTML, and definitions that links are made with. */
export type Markdown = {
  code: Range[];
  html: Range[];
  /** Definitions with what links name them by. */
  definitions: (Range & { label: string })[];
  /** The end of what was read; the rest is too intricate to be read in time. */
  readTo: number;
};

/** The parser's time grows with the square of its input, so it gets this much at once, and more only while one block goes on. */
const WINDOW = 800;
const LARGEST_WINDOW = 8_000;

/** Nobody quotes or lists so deep; behind such a place the text counts as plain text. */
const TOO_DEEP = /^(?:[^\S\n]*(?:[>*+-]|\d{1,9}[.)])){24}/m;

/**
 * Reads GitHub's Markdown as GitHub does, block for block, in a time that grows with the text only. Line ends are
 * `\n`. https://github.github.com/gfm/
 */
export function readMarkdown(text: string, depth = 0): Markdown {
  const read: Markdown = { code: [], html: [], definitions: [], readTo: 0 };
  let size = WINDOW;
  while (read.readTo < text.length) {
    const end = lineEnd(text, read.readTo + size);
    const part = text.slice(read.readTo, end);
    const large = part.length > LARGEST_WINDOW ? closeLarge(text, read, depth) : undefined;
    if (large !== undefined) {
      read.readTo = large;
      size = WINDOW;
      continue;
    }
    if (part.length > 2 * LARGEST_WINDOW || TOO_DEEP.test(part)) return read;
    const blocks = parse(part);
    const isLast = end === text.length;
    // A block is over when the next one has begun: all but the last of what was parsed are whole.
    for (const block of isLast ? blocks : blocks.slice(0, -1)) collect(block, read, read.readTo);
    const next = isLast ? text.length : read.readTo + offsetOf(blocks.at(-1));
    if (next === read.readTo && size > LARGEST_WINDOW) return read;
    size = next > read.readTo ? WINDOW : size * 2;
    read.readTo = next;
  }
  return read;
}

/** The fence that ends the code which a text leaves open at its end, or nothing. */
export function openFence(text: string): string | undefined {
  if (!/`{3}|~{3}/.test(text)) return undefined;
  const { code, readTo } = readMarkdown(text);
  const last = code.at(-1);
  if (readTo < text.length || last === undefined || text.slice(last.to).trim() !== '') return undefined;
  const source = text.slice(last.from, last.to);
  const fence = fenceOf(source);
  const isAtTop = /^ {0,3}$/.test(text.slice(text.lastIndexOf('\n', last.from - 1) + 1, last.from));
  return fence && isAtTop && !endOfFence(source, fence) ? fence : undefined;
}

/** Whether a place is in one of the ranges, which are in order and do not overlap. */
export function isWithin(ranges: readonly Range[], at: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle] as Range;
    if (at < range.from) high = middle;
    else if (at >= range.to) low = middle + 1;
    else return true;
  }
  return false;
}

/** Styles such as bold do not change where code is, and take the longest to parse. */
const WITHOUT_STYLES = { disable: { null: ['attention', 'strikethrough'] } };

function parse(part: string): RootContent[] {
  return fromMarkdown(part, { extensions: [gfm(), WITHOUT_STYLES], mdastExtensions: [gfmFromMarkdown()] })
    .children;
}

function lineEnd(text: string, at: number): number {
  const end = at >= text.length ? -1 : text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}

function offsetOf(node: Nodes | undefined): number {
  return node?.position?.start.offset ?? 0;
}

function collect(block: RootContent, read: Markdown, shift: number): void {
  const open: Nodes[] = [block];
  for (let node = open.pop(); node; node = open.pop()) {
    const range = { from: shift + offsetOf(node), to: shift + (node.position?.end.offset ?? 0) };
    if (node.type === 'code' || node.type === 'inlineCode') read.code.push(range);
    else if (node.type === 'html') read.html.push(range);
    else if (node.type === 'definition') read.definitions.push({ ...range, label: node.identifier });
    else if (node.type === 'footnoteDefinition')
      read.definitions.push({ ...range, label: `^${node.identifier}` });
    if ('children' in node) open.push(...node.children.toReversed());
  }
}

/** Finds the end of long fenced code, comments and quotations without the parser. */
function closeLarge(text: string, read: Markdown, depth: number): number | undefined {
  const from =
    read.readTo + (/^\s*(?:\n {0,3}|^ {0,3})(?=[`~<>])/.exec(text.slice(read.readTo))?.[0].length ?? 0);
  const rest = text.slice(from);
  if (rest.startsWith('>')) return depth < DEEPEST ? readQuotation(text, { from, read, depth }) : undefined;
  const fence = fenceOf(rest);
  const isComment = rest.startsWith('<!--');
  if (!fence && !isComment) return undefined;
  const end = fence ? endOfFence(rest, fence) : rest.indexOf('-->') + 1;
  const to = end ? from + lineEnd(rest, end) : text.length;
  (fence ? read.code : read.html).push({ from, to });
  return to;
}

/** Deeper quotations were not written by a person. */
const DEEPEST = 5;

/** Quoted lines up to an empty line; without their marks they are read like other text. */
const QUOTATION = /(?: {0,3}>(?!\t)[^\n]*(?:\n|$))+(?=[^\S\n]*(?:\n|$))/y;

function readQuotation(
  text: string,
  { from, read, depth }: { from: number; read: Markdown; depth: number },
): number | undefined {
  QUOTATION.lastIndex = from;
  const quoted = QUOTATION.exec(text)?.[0];
  if (quoted === undefined) return undefined;
  const starts: { inner: number; outer: number }[] = [];
  let inner = '';
  let outer = from;
  for (const line of quoted.split('\n')) {
    const prefix = /^ {0,3}> ?/.exec(line)?.[0].length ?? 0;
    starts.push({ inner: inner.length, outer: outer + prefix });
    inner += `${line.slice(prefix)}\n`;
    outer += line.length + 1;
  }
  const within = readMarkdown(inner.slice(0, -1), depth + 1);
  const back = mapBack(starts);
  const move = <R extends Range>(range: R): R => ({
    ...range,
    from: back(range.from),
    to: back(range.to - 1) + 1,
  });
  read.code.push(...within.code.map(move));
  read.html.push(...within.html.map(move));
  read.definitions.push(...within.definitions.map(move));
  return within.readTo < inner.length - 1 ? undefined : from + quoted.length;
}

/** Where in the quotation a place of the text within it is. */
function mapBack(starts: readonly { inner: number; outer: number }[]): (at: number) => number {
  return (at) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle]?.inner ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    const start = starts[low] ?? { inner: 0, outer: 0 };
    return start.outer + at - start.inner;
  };
}

function fenceOf(source: string): string | undefined {
  return /^(?:`{3,}(?=[^`\n]*(?:\n|$))|~{3,})/.exec(source)?.[0];
}

/** Where in fenced code its closing fence begins. */
function endOfFence(source: string, fence: string): number | undefined {
  const closing = new RegExp(String.raw`\n[^\S\n]*${fence[0]}{${fence.length},}[^\S\n]*(?=\n|$)`);
  const found = closing.exec(source);
  return found ? found.index + 1 : undefined;
}
