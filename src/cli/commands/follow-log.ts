import type { Clock } from '../../base/clock.ts';
import { isShown, type OutputLine } from '../../containers/output/output-line.ts';
import { readOutputFrom } from '../../flow/output/read-output.ts';
import type { Run } from '../../runs/run.ts';
import type { OutputStore } from '../../runs/store/output-store.ts';
import type { Io } from '../terminal/io.ts';
import { plain } from '../terminal/output.ts';

/** How to show a run's output: of one attempt, or of the current one and, when it is followed, those after it. */
type FollowLog = {
  run: () => Promise<Run>;
  attempt: number | undefined;
  varDir: string;
  output: Pick<OutputStore, 'read'>;
  follow: boolean;
  json: boolean;
  clock: Clock;
};

const LOOK_EVERY_MS = 300;

/** Prints the output of a run and, when followed, what is added until its end, from any host. */
export async function followLog(io: Io, log: FollowLog): Promise<void> {
  let attempt = log.attempt ?? Math.max(1, (await log.run()).attempt);
  let printer = createPrinter(io, log.json);
  for (;;) {
    const run = await log.run();
    const isOver = !log.follow || run.state === 'ended' || (log.attempt ?? run.attempt) < run.attempt;
    const of = { runId: run.id, attempt };
    for await (const { text, endAt } of readOutputFrom(log, of, printer.at)) printer.print(text, endAt);
    if (isOver && (log.attempt !== undefined || run.attempt <= attempt)) return;
    if (log.attempt === undefined && run.attempt > attempt) {
      attempt = run.attempt;
      printer = createPrinter(io, log.json);
    } else await log.clock.sleep(LOOK_EVERY_MS);
  }
}

/** Prints whole entries, and remembers their offset. */
function createPrinter(io: Io, json: boolean): { at: number; print(text: string, endAt: number): void } {
  let rest = '';
  let unfinished: string | undefined;
  const printText = (line: string): void => {
    const entry = JSON.parse(line) as OutputLine;
    if (!isShown(entry)) return;
    const { stream, text, part } = entry;
    const isOther = unfinished !== undefined && unfinished !== stream;
    io.out(`${isOther ? '\n' : ''}${plain(text)}${part ? '' : '\n'}`);
    unfinished = part ? stream : undefined;
  };
  return {
    at: 0,
    print(text, endAt) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        if (json) io.out(`${line}\n`);
        else printText(line);
      this.at = endAt;
    },
  };
}
