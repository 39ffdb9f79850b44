import type { Clock } from '../../../base/clock.ts';
import type { DeliveryStore } from '../../../deliveries/delivery-store.ts';
import type { RunStore } from '../../../runs/store/run-store.ts';
import type { DemoPlaces } from './paths.ts';
import { demoCommand } from './result.ts';
import type { Screen } from './screen.ts';

const LOOK_EVERY_MS = 300;

/** How many of the newest deliveries are looked at; nobody sends more by hand between two looks. */
const NEWEST = 50;

/** Leaves the service running until the signal, and says of each further delivery what became of it. */
export async function keepServing(parts: {
  url: string;
  deliveries: DeliveryStore;
  runs: RunStore;
  places: DemoPlaces;
  screen: Screen;
  clock: Clock;
  signal: AbortSignal;
}): Promise<void> {
  const { screen, places, clock, signal } = parts;
  screen.heading('The service keeps running');
  screen.text(
    [
      `It receives webhooks at ${parts.url}/webhooks/github until you press Ctrl-C.`,
      'Send another comment from a second terminal:',
      '',
      demoCommand(places, 'send issue_comment'),
    ].join('\n'),
  );
  const told = new Set((await parts.deliveries.list({ limit: NEWEST })).map(({ id }) => id));
  while (!signal.aborted) {
    for (const line of await news(parts, told)) screen.text(line);
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

/** One line for each delivery that was decided, and whose run has ended, since the last look. */
async function news(
  { deliveries, runs }: { deliveries: DeliveryStore; runs: RunStore },
  told: Set<string>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { id, event, decision } of await deliveries.list({ limit: NEWEST })) {
    if (told.has(id) || !decision) continue;
    const run = decision.runId === null ? undefined : await runs.find(decision.runId);
    if (run && run.state !== 'ended') continue;
    told.add(id);
    const end = run ? `run ${run.id} ${run.outcome}: ${run.finalMessage ?? run.reason?.message ?? ''}` : '';
    lines.push(`${event}: ${end || `no run, ${decision.message}`}`);
  }
  return lines.toReversed();
}
