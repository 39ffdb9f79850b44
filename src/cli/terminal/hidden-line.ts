/** The state of a line: unfinished, finished with the rest of the input, or cancelled. */
export type Typed = { state: 'open' } | { state: 'done'; value: string; rest: string } | { state: 'off' };

/** Receives the input of a terminal in raw mode, chunk by chunk. */
type HiddenLine = { feed(text: string): Typed };

const ESCAPE = '\u001b';

/** One key: an arrow or function key, a line end, or a character. */
const KEY = new RegExp(`${ESCAPE}(?:\\[[0-9;]*[A-Za-z~]|O[A-Za-z]|[^[O])|\\r\\n|[\\s\\S]`, 'gu');
const CUT_OFF = new RegExp(`${ESCAPE}(?:\\[[0-9;]*|O)?$`);

const PASTE_BEGINS = `${ESCAPE}[200~`;
const PASTE_ENDS = `${ESCAPE}[201~`;
const INTERRUPT = '\u0003';
const END_OF_INPUT = '\u0004';
const ERASE_ALL = '\u0015';
const ERASE_WORD = '\u0017';

/**
 * A line without echo. Backspace, Ctrl-W, Ctrl-U, Ctrl-C and Ctrl-D work as usual, other
 * control keys do nothing. With `many` a text of several lines may be pasted: line ends inside a paste belong to it.
 */
export function createHiddenLine(many: boolean): HiddenLine {
  let typed: string[] = [];
  let pasting = false;
  let held = '';
  let previous = '';

  const press = (key: string, isLast: boolean): 'open' | 'done' | 'off' => {
    const isSecondHalf = key === '\n' && previous === '\r';
    previous = key;
    if (isSecondHalf) return 'open';
    if (key === PASTE_BEGINS || key === PASTE_ENDS) pasting = key === PASTE_BEGINS;
    else if (/^[\r\n]/.test(key)) {
      // A terminal that marks no pastes sends a pasted text in one piece.
      if (!pasting && (!many || isLast)) return 'done';
      typed.push('\n');
    } else if (pasting) typed.push(key);
    else if (key === INTERRUPT || (key === END_OF_INPUT && typed.length === 0)) return 'off';
    else if (key === END_OF_INPUT) return 'done';
    else typed = edited(typed, key);
    return 'open';
  };

  return {
    feed(text) {
      const whole = held + text;
      held = CUT_OFF.exec(whole)?.[0] ?? '';
      const ready = whole.slice(0, whole.length - held.length);
      for (const { 0: key, index } of ready.matchAll(KEY)) {
        const end = index + key.length;
        const state = press(key, end === whole.length);
        if (state === 'done') return { state, value: typed.join(''), rest: whole.slice(end) };
        if (state === 'off') return { state };
      }
      return { state: 'open' };
    },
  };
}

function edited(typed: readonly string[], key: string): string[] {
  if (key === '\u007f' || key === '\b') return typed.slice(0, -1);
  if (key === ERASE_ALL) return [];
  if (key === ERASE_WORD) {
    const word = typed.findLastIndex((character) => character !== ' ');
    return typed.slice(0, typed.findLastIndex((character, at) => at < word && character === ' ') + 1);
  }
  return key < ' ' && key !== '\t' ? [...typed] : [...typed, key];
}
