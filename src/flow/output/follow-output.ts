import type { Clock } from '../../base/clock.ts';
import type { Run } from '../../runs/run.ts';
import type { OutputStore } from '../../runs/store/output-store.ts';
import { readOutputFrom } from './read-output.ts';

const LOOK_EVERY_MS = 300;

/**
 * Whole lines of what the current attempt of a run printed, and those to come, attempts after it too, until the run
 * has ended when `follow` is set. Ends when the signal aborts.
 */
export async function* followRunOutput(
  parts: {
    varDir: string;
    output: Pick<OutputStore, 'read'>;
    run: () => Promise<Run>;
    clock: Clock;
  },
  { follow, signal }: { follow: boolean; signal: AbortSignal },
): AsyncGenerator<string> {
  let attempt = Math.max(1, (await parts.run()).attempt);
  let at = 0;
  let rest = '';
  while (!signal.aborted) {
    const run = await parts.run();
    for await (const { text, endAt } of readOutputFrom(parts, { runId: run.id, attempt }, at)) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      at = endAt;
      yield* lines;
    }
    if (run.attempt > attempt) {
      attempt = run.attempt;
      at = 0;
      rest = '';
    } else if (!follow || run.state === 'ended') return;
    else await parts.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}
