import type { Command } from 'commander';
import { profileChecks } from '../../compose/host.ts';
import { redeliveryParts, sourcesOf } from '../../compose/maintenance.ts';
import { createLogger } from '../../log/logger.ts';
import { createRedactor } from '../../log/redact.ts';
import { type RedeliveryResult, redeliverMissing } from '../../maintenance/redeliver.ts';
import { createProfileSet } from '../../profiles/match/match.ts';
import { loadProfiles } from '../../profiles/read/load.ts';
import type { Io } from '../terminal/io.ts';
import { printJson, printTable, problemText } from '../terminal/output.ts';
import { sinceOption } from '../terminal/usage.ts';
import { appsOf, type Stores, withStores } from './shared/stores.ts';

/** `deliveries recover`. */
export function addRecoverCommand(deliveries: Command, io: Io): void {
  deliveries
    .command('recover')
    .description('Ask GitHub to redeliver what never arrived, for Apps and repository webhooks.')
    .requiredOption(
      '--since <time>',
      'start of the search: a duration (90m, 6h, 2d) or a time (ISO 8601)',
      sinceOption,
    )
    .option('--json', 'print one JSON array')
    .action(
      async (options: { since: number; json?: true }) =>
        await withStores(io, async (stores) => await recoverAll(io, stores, options)),
    );
}

async function recoverAll(io: Io, stores: Stores, options: { since: number; json?: true }): Promise<void> {
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
    asked: 0,
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
      ['FROM', 'LISTED', 'MISSING', 'REDELIVERED'],
      results.map(({ source, ...counts }) => [
        source,
        ...[counts.listed, counts.missing, counts.asked].map(String),
      ]),
    );
  for (const { problem } of results) if (problem) io.out(`\n${problemText(problem)}`);
  if (!isRunning && results.some(({ asked }) => asked > 0))
    io.out('\nThe service is not running. GitHub’s redeliveries fail again until it starts.\n');
}
