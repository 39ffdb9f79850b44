import type { Command } from 'commander';
import { isoTime } from '../base/clock.ts';
import { FlowError } from '../base/errors.ts';
import type { CandidateOutcome, Delivery } from '../deliveries/delivery.ts';
import type { Io } from './io.ts';
import { moment, plain, printJson, printTable } from './output.ts';
import { type Stores, withStores } from './stores.ts';
import { limitOption } from './usage.ts';

/** `deliveries list|show`. */
export function addDeliveriesCommand(program: Command, io: Io): void {
  const deliveries = program.command('deliveries').description('Show deliveries and what became of them.');
  deliveries
    .command('list')
    .description('The newest deliveries; works while the service is down.')
    .option('--limit <count>', 'how many at the most', limitOption, 20)
    .option('--json', 'print one JSON array')
    .action(
      async (options: { limit: number; json?: true }) =>
        await withStores(io, async (stores) => {
          const found = await stores.deliveries.list({ limit: options.limit });
          if (options.json) return printJson(io, found.map(deliveryView));
          if (found.length === 0) return io.out('No deliveries yet.\n');
          const rows = found
            .map(deliveryView)
            .map((view) => [
              view.id,
              view.action ? `${view.event}.${view.action}` : view.event,
              view.repository ?? '-',
              moment(view.receivedAt),
              view.decision,
              view.reason ?? '-',
              view.runId ?? '-',
            ]);
          printTable(io, ['DELIVERY', 'EVENT', 'REPOSITORY', 'RECEIVED', 'DECISION', 'REASON', 'RUN'], rows);
        }),
    );
  deliveries
    .command('show <delivery>')
    .description('One delivery with its decision and its payload.')
    .option('--json', 'print JSON')
    .action(
      async (id: string, options: { json?: true }) =>
        await withStores(io, async (stores) => await show(io, stores, id, options)),
    );
}

async function show(io: Io, { deliveries }: Stores, id: string, options: { json?: true }): Promise<void> {
  const delivery = await deliveries.find(id);
  if (!delivery) throw deliveryUnknown(id);
  // Decoding leaves out the byte order mark that a body may begin with.
  const body = new TextDecoder().decode(await deliveries.body(id));
  const view = {
    ...deliveryView(delivery),
    message: delivery.decision?.message ?? null,
    profile: delivery.decision?.profile ?? null,
  };
  const candidates = delivery.decision?.candidates ?? [];
  if (options.json) return printWithPayload(io, { ...view, candidates }, body);
  for (const [name, value] of Object.entries(view))
    io.out(`${name.padEnd(12)}${plain(String(value ?? '-'))}\n`);
  for (const { profile, failed } of candidates) io.out(plain(`  · ${profile}: ${failureText(failed)}\n`));
  io.out(`\n${plain(body)}\n`);
}

/** One JSON document with the payload as it came: it may be nested deeper than `JSON.stringify` can go. */
function printWithPayload(io: Io, fields: object, payload: string): void {
  const open = JSON.stringify(fields, null, 2).slice(0, -'\n}'.length);
  io.out(`${open},\n  "payload": ${payload}\n}\n`);
}

/** The first condition of a candidate that failed, in words. */
export function failureText(failed: CandidateOutcome['failed']): string {
  if (!failed) return 'every condition holds';
  const actual = JSON.stringify(failed.actual) ?? 'absent';
  return `${failed.condition} should be ${JSON.stringify(failed.wanted)} and is ${actual}`;
}

/** A delivery in the shape that every list gives it: `decision` is `run`, `no_run` or, before admission, `waiting`. */
function deliveryView(delivery: Delivery) {
  const decision = delivery.decision;
  return {
    id: delivery.id,
    event: delivery.event,
    action: delivery.action,
    repository: delivery.repository,
    receivedAt: isoTime(delivery.receivedAt),
    decision: decision === null ? 'waiting' : decision.runId === null ? 'no_run' : 'run',
    reason: decision?.reason ?? null,
    runId: decision?.runId ?? null,
  };
}

/** No such delivery. */
export function deliveryUnknown(id: string): FlowError {
  return new FlowError({
    code: 'delivery_unknown',
    blame: 'operator',
    message: `There is no delivery ${JSON.stringify(id.slice(0, 80))}.`,
    mend: 'See the ids with: github-flows deliveries list',
  });
}
