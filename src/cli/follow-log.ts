import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Io } from './io.ts';
import { plain } from './output.ts';

/** How to show a run's output. */
export type FollowLog = {
  directory: string;
  follow: boolean;
  json: boolean;
  ended: () => Promise<boolean>;
  clock: Clock;
};

/** Prints what is in a run's log and, when asked, what is added until the run has ended. */
export async function followLog(io: Io, log: FollowLog): Promise<void> {
  const file = join(log.directory, 'output.jsonl');
  const lines = lineSplitter((line) => printLine(io, line, log.json));
  let offset = 0;
  for (;;) {
    const over = !log.follow || (await log.ended());
    offset = await readFrom(file, offset, lines);
    if (over) return;
    await log.clock.sleep(300);
  }
}

async function readFrom(file: string, offset: number, push: (chunk: string) => void): Promise<number> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= offset) return offset;
  for await (const chunk of createReadStream(file, { start: offset, end: size - 1, encoding: 'utf8' }))
    push(chunk);
  return size;
}

function lineSplitter(print: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) print(line);
  };
}

function printLine(io: Io, line: string, json: boolean): void {
  const { text } = JSON.parse(line) as { text: string };
  io.out(json ? `${line}\n` : `${plain(text).replace(/\n$/, '')}\n`);
}
