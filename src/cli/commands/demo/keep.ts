import type { Clock } from '../../../base/clock.ts';
import type { DeliveryStore } from '../../../deliveries/delivery-store.ts';
import type { RunStore } from '../../../runs/store/run-store.ts';
import type { DemoPaths } from './paths.ts';
import { demoCommand } from './result.ts';
import type { Screen } from './screen.ts';

const LOOK_EVERY_MS = 300;

/** Number of newest deliveries in a poll; nobody sends more by hand meanwhile. */
const NEWEST = 50;

/** Keeps the service running until the signal, and prints the result of each further delivery. */
export async function keepServing(parts: {
  url: string;
  deliveries: DeliveryStore;
  runs: RunStore;
  paths: DemoPaths;
  screen: Screen;
  clock: Clock;
  signal: AbortSignal;
}): Promise<void> {
  const { screen, paths, clock, signal } = parts;
  screen.heading('The service keeps running');
  screen.text(
    [
      `It receives webhooks at ${parts.url}/webhooks/github until you press Ctrl-C.`,
      'Send another comment from a second terminal:',
      '',
      demoCommand(paths, 'send issue_comment'),
    ].join('\n'),
  );
  const shown = new Set((await parts.deliveries.list({ limit: NEWEST })).map(({ id }) => id));
  while (!signal.aborted) {
    for (const line of await news(parts, shown)) screen.text(line);
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

/** One line for each delivery that was decided, and whose run ended, since the last poll. */
async function news(
  { deliveries, runs }: { deliveries: DeliveryStore; runs: RunStore },
  shown: Set<string>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { id, event, decision } of await deliveries.list({ limit: NEWEST })) {
    if (shown.has(id) || !decision) continue;
    const run = decision.runId === null ? undefined : await runs.find(decision.runId);
    if (run && run.state !== 'ended') continue;
    shown.add(id);
    const end = run ? `run ${run.id} ${run.outcome}: ${run.finalMessage ?? run.reason?.message ?? ''}` : '';
    lines.push(`${event}: ${end || `no run, ${decision.message}`}`);
  }
  return lines.toReversed();
}
