import type { Command } from 'commander';
import { asFlowError, type FlowError } from '../../base/errors.ts';
import { profileChecks } from '../../compose/host.ts';
import { redeliveryParts, sourcesOf } from '../../compose/maintenance.ts';
import type { CandidateOutcome } from '../../deliveries/delivery.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import { deliveryUnknown } from '../../deliveries/errors.ts';
import { deliveryDetails, deliveryView } from '../../deliveries/view.ts';
import { replayDelivery } from '../../flow/actions/run-actions.ts';
import { createLogger } from '../../log/logger.ts';
import { createRedactor } from '../../log/redact.ts';
import { type RedeliveryResult, redeliverMissing } from '../../maintenance/redeliver.ts';
import { createProfileSet } from '../../profiles/match/match.ts';
import { loadProfiles } from '../../profiles/read/load.ts';
import type { Io } from '../terminal/io.ts';
import { formatTime, plain, printJson, printTable, problemText } from '../terminal/output.ts';
import { limitOption, sinceOption } from '../terminal/usage.ts';
import { appsOf, type Stores, withStores } from './shared/stores.ts';

/** `deliveries list|show|replay|redeliver`. */
export function addDeliveriesCommand(program: Command, io: Io): void {
  const deliveries = program
    .command('deliveries')
    .description('Show deliveries and their decisions; replay a delivery or redeliver missed ones.');
  deliveries
    .command('list')
    .description('List the newest deliveries; works while the service is down.')
    .option('--limit <count>', 'maximum number of lines', limitOption, 20)
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
              formatTime(view.receivedAt),
              view.decision,
              view.reason ?? '-',
              view.runId ?? '-',
            ]);
          printTable(io, ['DELIVERY', 'EVENT', 'REPOSITORY', 'RECEIVED', 'DECISION', 'REASON', 'RUN'], rows);
        }),
    );
  deliveries
    .command('show <delivery>')
    .description('Show one delivery with its decision and payload.')
    .option('--json', 'print JSON')
    .action(
      async (id: string, options: { json?: true }) =>
        await withStores(io, async (stores) => await show(io, stores, id, options)),
    );
  deliveries
    .command('replay <delivery>')
    .description('Decide a stored delivery again if it became no run.')
    .option('--json', 'print JSON')
    .action(
      async (id: string, options: { json?: true }) =>
        await withStores(io, async (stores) => await replay(io, stores, id, options)),
    );
  addRedeliverCommand(deliveries, io);
}

async function show(io: Io, { deliveries }: Stores, id: string, options: { json?: true }): Promise<void> {
  const delivery = await deliveries.find(id);
  if (!delivery) throw deliveryUnknown(id);
  const payload = await payloadOf(deliveries, id);
  const { candidates: _, ...view } = deliveryDetails(delivery);
  const candidates = delivery.decision?.candidates ?? [];
  if (options.json) return printWithPayload(io, { ...view, candidates }, payload.text ?? 'null');
  for (const [name, value] of Object.entries(view))
    io.out(`${name.padEnd(12)}${plain(String(value ?? '-'))}\n`);
  for (const { profile, failed } of candidates) io.out(plain(`  · ${profile}: ${failureText(failed)}\n`));
  io.out(`\n${payload.text === null ? problemText(payload.gone) : `${plain(payload.text)}\n`}`);
}

/** The body as text, or why it is gone. Decoding removes a byte order mark. */
async function payloadOf(
  deliveries: DeliveryStore,
  id: string,
): Promise<{ text: string } | { text: null; gone: FlowError }> {
  try {
    return { text: new TextDecoder().decode(await deliveries.body(id)) };
  } catch (error) {
    const issue = asFlowError(error);
    if (issue.code !== 'delivery_body_gone') throw error;
    return { text: null, gone: issue };
  }
}

async function replay(io: Io, stores: Stores, id: string, options: { json?: true }): Promise<void> {
  const delivery = await replayDelivery(stores.deliveries, id);
  const when = stores.isServiceRunning() ? 'now' : 'when the service starts; it is not running';
  if (options.json) printJson(io, deliveryView(delivery));
  else io.out(`Delivery ${id} will be decided again ${when}.\n`);
}

/** One JSON document with the unchanged payload, which may be nested too deep for `JSON.stringify`. */
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

/** `deliveries redeliver`. */
function addRedeliverCommand(deliveries: Command, io: Io): void {
  deliveries
    .command('redeliver')
    .description('Ask GitHub to redeliver what never arrived, for Apps and repository webhooks.')
    .requiredOption(
      '--since <time>',
      'start of the search: a duration (90m, 6h, 2d) or a time (ISO 8601)',
      sinceOption,
    )
    .option('--json', 'print one JSON array')
    .action(
      async (options: { since: number; json?: true }) =>
        await withStores(io, async (stores) => await redeliverAll(io, stores, options)),
    );
}

async function redeliverAll(io: Io, stores: Stores, options: { since: number; json?: true }): Promise<void> {
  const results = await compareAll(io, stores, options.since);
  if (options.json) printJson(io, results);
  else print(io, results, stores.isServiceRunning());
  if (results.every(({ problem }) => problem !== null)) io.fail(1);
}

async function compareAll(io: Io, stores: Stores, since: number): Promise<RedeliveryResult[]> {
  const { config } = stores;
  const log = createLogger({ level: 'silent', redactor: createRedactor() });
  const apps = await appsOf(io, config, 'read');
  const loaded = await loadProfiles({ dir: config.profilesDir, checks: profileChecks(config) });
  const resources = { ...stores, apps, log };
  const { sources, problems } = await sourcesOf(resources, createProfileSet(loaded.candidates));
  const results: RedeliveryResult[] = problems.map(({ name, problem }) => ({
    source: name,
    listed: 0,
    missing: 0,
    requested: 0,
    problem,
  }));
  const parts = redeliveryParts(stores);
  for (const source of sources) results.push(await redeliverMissing(parts, source, { since, insist: true }));
  return results;
}

function print(io: Io, results: readonly RedeliveryResult[], isRunning: boolean): void {
  if (results.length === 0)
    io.out(
      'There is nothing to ask: no App is stored, and no repository that a profile names has a webhook of this service.\n',
    );
  else
    printTable(
      io,
      ['FROM', 'LISTED', 'MISSING', 'REQUESTED'],
      results.map(({ source, ...counts }) => [
        source,
        ...[counts.listed, counts.missing, counts.requested].map(String),
      ]),
    );
  for (const { problem } of results) if (problem) io.out(`\n${problemText(problem)}`);
  if (!isRunning && results.some(({ requested }) => requested > 0))
    io.out('\nThe service is not running. GitHub’s redeliveries fail again until it starts.\n');
}
