import type { LogEntry } from './demux.ts';
import type { OutputLine } from './output-line.ts';

/** Masks text that comes in pieces: what `push` and `end` give, joined, is the whole text masked (log's RedactorStream). */
export type MaskStream = { push(text: string): string; end(): string };

/** Turns entries into masked lines, one for one, so that lines can be counted as entries. */
type OutputMask = {
  line(entry: LogEntry): OutputLine;
  /** What is held back when no more will come, as the last lines; nothing in most runs. */
  rest(at: string): OutputLine[];
};

/**
 * A mask with one stream for standard output and one for standard error: a secret may span parts of a line, or lines.
 * The first line that ends with `mark` is where the handler begins, unless it has begun; the mark is never shown.
 */
export function createOutputMask(
  open: () => MaskStream,
  { mark, hasBegun = false }: { mark?: string | undefined; hasBegun?: boolean } = {},
): OutputMask {
  const streams = { stdout: open(), stderr: open() };
  let isSought = !hasBegun;
  const masked = ({ at, stream, text, ends }: LogEntry): OutputLine =>
    asLine(at, stream, streams[stream].push(ends ? `${text}\n` : text));
  return {
    line(entry) {
      const { at, stream, text, ends } = entry;
      if (!mark || stream !== 'stdout' || !ends || !text.endsWith(mark)) return masked(entry);
      const before = text.slice(0, -mark.length);
      const line = before === '' ? emptyPart(at) : masked({ ...entry, text: before });
      const isStart = isSought;
      isSought = false;
      return isStart ? { ...line, start: true } : line;
    },
    rest: (at) =>
      (['stdout', 'stderr'] as const).flatMap((stream) => {
        const text = streams[stream].end();
        return text === '' ? [] : [{ ...asLine(at, stream, text), rest: true }];
      }),
  };
}

/** Nothing, for whoever joins lines: the entry is counted, and holds nothing else. */
function emptyPart(at: string): OutputLine {
  return { at, stream: 'stdout', text: '', part: true };
}

function asLine(at: string, stream: OutputLine['stream'], text: string): OutputLine {
  return text.endsWith('\n') ? { at, stream, text: text.slice(0, -1) } : { at, stream, text, part: true };
}
