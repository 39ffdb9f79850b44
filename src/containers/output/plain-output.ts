import { stripVTControlCharacters } from 'node:util';
import type { HandlerReader } from './agent-reader.ts';

/** How much of the end of plain output is shown as the last message of an agent. */
const SHOWN_CHARACTERS = 4_000;

/** How much is kept, so that shown lines are whole where possible. */
const KEPT_CHARACTERS = 16_000;

/** A reader for handlers without events: their final message is the end of their standard output, marked as that. */
export function createPlainReader(): HandlerReader {
  let kept = '';
  return {
    read({ stream, text, part }) {
      if (stream !== 'stdout') return [];
      kept += part ? text : `${text}\n`;
      if (kept.length > 2 * KEPT_CHARACTERS) kept = kept.slice(-KEPT_CHARACTERS);
      return [];
    },
    turn: () => null,
    result: () => ({ finalMessage: endOfOutput(kept), usage: null }),
  };
}

/** The last whole lines of a text as a Markdown block that shows it as it is; null when there is nothing to show. */
export function endOfOutput(text: string): string | null {
  const lines = stripVTControlCharacters(text).split('\n').map(asShown);
  const whole = lines.join('\n').trimEnd().replace(/^\n+/, '');
  if (whole === '') return null;
  const end = whole.slice(-SHOWN_CHARACTERS).replace(/^[\udc00-\udfff]/, '');
  const newline = end.indexOf('\n');
  const shown = end.length === whole.length || newline < 0 ? end : end.slice(newline + 1);
  const longest = Math.max(2, ...(shown.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `The end of the output:\n\n${fence}text\n${shown}\n${fence}`;
}

/** What a terminal would show of a line that was written over, without characters that only steer one. */
function asShown(line: string): string {
  const written = line.replace(/\r+$/, '');
  return written.slice(written.lastIndexOf('\r') + 1).replaceAll(/[^\P{C}\t]/gu, '');
}
