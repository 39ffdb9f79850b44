/** The end of a shape; `isOpen` when it may go on behind the text. Undefined where there is none. */
type ShapeEnd = { end: number; isOpen: boolean } | undefined;

/** Longer than any key. */
const MAX_CHARACTERS = 16 * 1024;

/** The longest first line: `-----BEGIN ENCRYPTED PRIVATE KEY-----`, and room for other kinds. */
const HEAD = /-----BEGIN (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----/y;
const MAX_HEAD = 96;

/** A line end, raw or as JSON writes it, once or several times over. */
const BREAK = /(?:\r\n|\n|\r|\\{1,4}r\\{1,4}n|\\{1,4}n)[ \t]{0,16}/y;
const LINE =
  /[A-Za-z0-9+/=]{1,16384}(?![^\r\n\\"'`<])|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset):[^\r\n\\]{0,256}/y;
const TAIL = /-----END [A-Z0-9 ]{1,64}-----/y;

/** A private key in PEM that begins at `at` (`-----BEGIN `): its armour and every line between, wherever it is cut off. A first line alone is none. */
export function keyBlockEnd(text: string, at: number): ShapeEnd {
  const head = reach(HEAD, text, at);
  if (head === undefined) {
    const isOpen = text.length - at < MAX_HEAD && /^-----BEGIN [A-Z0-9 ]*-{0,5}$/.test(text.slice(at));
    return isOpen ? { end: at, isOpen } : undefined;
  }
  const limit = at + MAX_CHARACTERS;
  let end = at;
  let line = head;
  while (line < limit) {
    const next = reach(BREAK, text, line);
    if (next === undefined) break;
    const tail = reach(TAIL, text, next);
    if (tail !== undefined) return { end: tail, isOpen: false };
    const after = reach(LINE, text, next);
    line = after ?? next;
    if (after !== undefined) end = after;
  }
  return { end, isOpen: line < limit && isCutOff(text.slice(line)) };
}

/** Whether the first line of a private key stands in `text`. */
export function isKeyHead(text: string): boolean {
  for (let at = text.indexOf('-----BEGIN '); at >= 0; at = text.indexOf('-----BEGIN ', at + 1))
    if (reach(HEAD, text, at) !== undefined) return true;
  return false;
}

/** Whether what follows the last whole line may go on as a key does: nothing yet, or part of a line end or of the last line. */
function isCutOff(rest: string): boolean {
  if (rest.length > MAX_HEAD) return false;
  return /^(?:[\r\n\t \\]|\\{1,4}[rn])*(?:-{0,5}|-----E?N?D?|-----END [A-Z0-9 ]*-{0,5})$/.test(rest);
}

function reach(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
