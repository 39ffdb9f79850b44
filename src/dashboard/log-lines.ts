import { harmless } from './harmless.ts';
import type { OutputEntry } from './sight.ts';

/** How many lines of an output its page shows. */
const MAX_LINES = 400;

/** The last lines of an output; a line that came in parts is one again, and those of different streams stay apart. */
export function logLines(entries: readonly OutputEntry[]): { stream: string; text: string }[] {
  const lines: { stream: string; text: string }[] = [];
  const unfinished = new Map<string, { stream: string; text: string }>();
  for (const { stream, text, part } of entries) {
    const line = unfinished.get(stream) ?? { stream, text: '' };
    if (!unfinished.delete(stream)) lines.push(line);
    line.text += text;
    if (part) unfinished.set(stream, line);
  }
  return lines
    .slice(-MAX_LINES)
    .map(({ stream, text }) => ({ stream: streamOf(stream), text: harmless(text) }));
}

/** The name is a class of the page. */
function streamOf(stream: string): string {
  return ['stdout', 'stderr', 'service'].includes(stream) ? stream : 'stdout';
}
