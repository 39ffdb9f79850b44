import { counted } from '../../base/words.ts';
import type { Logger } from '../../log/logger.ts';
import { outputNotKept } from '../errors.ts';
import type { LogEntry } from './demux.ts';
import { openLogFile } from './log-file.ts';
import { createPosition, type LogPosition } from './log-position.ts';
import type { OutputLine } from './output-line.ts';
import { createOutputMask, type MaskStream } from './output-mask.ts';

/** A line as a listener gets it: `number` counts entries from the container's start, also over a restart; `replayed` lines were kept by a service before this one. */
export type NumberedLine = OutputLine & { number: number; replayed: boolean };

/** Where a container's output goes. */
export type SinkOptions = {
  /** Where `output.jsonl` is kept; it must exist. */
  dir: string;
  /** The most `output.jsonl` may hold; ten times as much output calls `onLimit`, once. */
  capBytes: number;
  openMask: () => MaskStream;
  /** What the start script prints just before the handler; absent marks nothing. */
  mark?: string | undefined;
  /** Hears every line, kept or not, after it was written; reading waits for its promise. */
  onLine: (line: NumberedLine) => void | Promise<void>;
  onLimit: () => void;
  /** Output was not kept, or not even read by this service or the one before it; `hasBegun`: the handler had begun by then. */
  onLost?: ((loss: Loss, hasBegun: boolean) => void) | undefined;
  log: Logger;
};

/** How output is lost: it was read and not kept, or never read. */
export type Loss = NonNullable<OutputLine['lost']>;

/** Masks, stores, counts and passes on a container's output. */
export type LogSink = {
  /** From where the engine's log is to be read. */
  resume: LogPosition['resume'];
  /** New entries, in order. Never rejects: a disk that takes nothing is reported once, and marked in the log later. */
  take(entries: readonly LogEntry[]): Promise<void>;
  /** An entry that an earlier service kept, read again: when its line goes on in a new one, both are masked as one. */
  recall(entry: LogEntry): void;
  /** A line of our own about output that could not be read any more. */
  missed(at: string, text: string): Promise<void>;
  /** `isOver`: no more will come, so that what a mask held back is kept too. */
  close(isOver: boolean): Promise<void>;
};

const LIMIT_IN_CAPS = 10;

/** Opens the log of `dir` and gives its lines to `onLine` first. Rejects with `output_not_kept` when it cannot be opened. */
export async function openLogSink(options: SinkOptions): Promise<LogSink> {
  const { dir, capBytes, log } = options;
  const report = reporter(options);
  const kept = createPosition();
  let isWhole = false;
  let hasBegun = false;
  let bytes = 0;
  const { file, cut } = await openLogFile(dir, capBytes, async (line) => {
    isWhole ||= line.rest === true;
    hasBegun ||= line.start === true;
    if (line.lost) options.onLost?.(line.lost, hasBegun);
    bytes += Buffer.byteLength(line.text);
    if (line.stream !== 'service' && !line.rest) kept.note(line.at, line.stream, isOpen(line));
    await report(line, true);
  }).catch((error: unknown) => {
    throw outputNotKept(dir, error);
  });
  const position = cut ? createPosition(cut.position) : kept;
  hasBegun ||= cut?.position.begun === true;
  // A service that is gone read what the file had no room for; this one never did.
  if (cut) options.onLost?.('unread', hasBegun);
  const mask = createOutputMask(options.openMask, { mark: options.mark, hasBegun });
  let isLimitReported = false;
  let isFresh = true;
  let lost = 0;
  bytes += cut?.bytes ?? 0;

  const write = async (lines: readonly OutputLine[]): Promise<void> => {
    const gap = lost > 0 && lines[0] ? [lostLine(lines[0].at, lostText(lost), 'unread')] : [];
    const place = { ...position.save(), ...(hasBegun && { begun: true as const }) };
    try {
      const isFull = await file.add([...gap, ...lines], place);
      if (gap.length > 0 || isFull) options.onLost?.('unkept', hasBegun);
      lost = 0;
    } catch (error) {
      if (lost === 0) log.error({ err: outputNotKept(dir, error) }, 'output is not kept');
      lost += lines.length;
    }
  };
  const keep = async (lines: readonly OutputLine[]): Promise<void> => {
    await write(lines);
    for (const line of lines) await report(line, false);
  };
  return {
    resume: position.resume,
    async take(entries) {
      isFresh = false;
      const lines = entries.map(mask.line);
      for (const line of lines) position.note(line.at, line.stream, isOpen(line));
      hasBegun ||= lines.some(({ start }) => start);
      bytes += entries.reduce((sum, entry) => sum + entry.bytes, 0);
      await keep(lines);
      if (isLimitReported || bytes <= LIMIT_IN_CAPS * capBytes) return;
      isLimitReported = true;
      options.onLimit();
    },
    recall(entry) {
      if (isFresh) mask.line(entry);
    },
    async missed(at, text) {
      options.onLost?.('unread', hasBegun);
      await write([lostLine(at, text, 'unread')]);
    },
    async close(isOver) {
      const rest = isOver && !isWhole ? mask.rest(position.resume().newest) : [];
      if (rest.length > 0) await keep(rest);
      await file.close();
    },
  };
}

/** Passes numbered lines to the listener; its first error is logged, and no error stops the reading. */
function reporter({ onLine, log }: SinkOptions): (line: OutputLine, replayed: boolean) => Promise<void> {
  let number = 0;
  let hasFailed = false;
  return async (line, replayed) => {
    if (line.stream !== 'service' && !line.rest) number += 1;
    try {
      const done = onLine({ ...line, number, replayed });
      if (done) await done;
    } catch (error) {
      if (!hasFailed) log.error({ err: error }, 'a listener to a run’s output failed');
      hasFailed = true;
    }
  };
}

/** Whether an entry's line goes on in the next one; the mark of the handler's start was a line of its own. */
function isOpen({ part, start }: OutputLine): boolean {
  return part === true && !start;
}

function lostLine(at: string, text: string, lost: Loss): OutputLine {
  return { at, stream: 'service', text, lost };
}

function lostText(lines: number): string {
  return `[${counted(lines, 'line')} of output ${lines === 1 ? 'is' : 'are'} missing here: the disk did not take them.]`;
}
