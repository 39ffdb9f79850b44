/** Where a line came from; `service` is ours, about the output itself. */
type OutputStream = 'stdout' | 'stderr' | 'service';

/**
 * One entry of a run's output, masked. `at` is the engine's time, RFC 3339 in UTC with nine digits behind the point.
 *
 * Without `part` the text is the end of a line; with it the line goes on in the same stream's next entry (a long
 * line comes in parts of 16 KiB, and the end of a line may wait for the next when a secret could begin in it).
 */
export type OutputLine = {
  at: string;
  stream: OutputStream;
  text: string;
  part?: true;
  /** Not an entry of the engine's: the end of one, given when no more came. */
  rest?: true;
  /** The handler began behind this line: the start script's mark, which is not kept, and what stood before it in the line. */
  start?: true;
  /** A line of ours says that output is missing: it was not kept, or not even read. */
  lost?: 'unkept' | 'unread';
};

/** A line as it stands in the file, newline included; `<`, `>` and `&` are escaped as the engine's own log does, so that neither file is much longer than the other. */
export function encodeLine(line: object): string {
  const json = JSON.stringify(line);
  return `${/[<>&]/.test(json) ? json.replace(/[<>&]/g, escapeCharacter) : json}\n`;
}

function escapeCharacter(character: string): string {
  return `\\u00${character.charCodeAt(0).toString(16)}`;
}

/** A line of the file; the last line of a cut file carries what was cut. */
export type KeptLine = OutputLine & { cut?: unknown };

/** A line of the file to show; undefined for what is none (a disk that lost something), and for the mark of the handler's start. */
export function decodeLine(text: string): KeptLine | undefined {
  const line = decodeKeptLine(text);
  return line && isShown(line) ? line : undefined;
}

/** Whether a line holds output: one that only marks the handler's start does not. */
export function isShown({ start, text }: Pick<OutputLine, 'start' | 'text'>): boolean {
  return !(start && text === '');
}

/** A line of the file as data, with whatever else stands in it; undefined when it is none. */
export function decodeKeptLine(text: string): KeptLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return isOutputLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
}

function isOutputLine(line: unknown): line is OutputLine {
  const { at, stream, text } = (line ?? {}) as Record<string, unknown>;
  return typeof at === 'string' && typeof stream === 'string' && typeof text === 'string';
}
