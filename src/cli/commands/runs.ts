import { join } from 'node:path';
import type { Command } from 'commander';
import { isoTime, systemClock } from '../../base/clock.ts';
import { counted } from '../../base/words.ts';
import { cancelRun, retryRun } from '../../flow/actions/run-actions.ts';
import { runLogDirectory, workspaceName } from '../../flow/paths.ts';
import { attemptUnknown } from '../../runs/errors.ts';
import type { Run, TimelineEntry } from '../../runs/run.ts';
import { createOutputStore } from '../../runs/store/output-store.ts';
import { findRun } from '../../runs/store/run-store.ts';
import { changesLine, leftPatch, runFindings } from '../../runs/view/run-findings.ts';
import { runDetails, runView } from '../../runs/view/view.ts';
import type { Io } from '../terminal/io.ts';
import { formatTime, plain, printJson, printTable, problemText } from '../terminal/output.ts';
import { attemptOption, limitOption } from '../terminal/usage.ts';
import { followLog } from './follow-log.ts';
import { type Stores, withStores } from './shared/stores.ts';

/** `runs list|show|logs|cancel|retry`. */
export function addRunsCommand(program: Command, io: Io): void {
  const runs = program.command('runs').description('Show runs, follow their output, cancel and retry them.');
  runs
    .command('list')
    .description('List the newest runs; works while the service is down.')
    .option('--limit <count>', 'maximum number of lines', limitOption, 20)
    .option('--json', 'print one JSON array')
    .action(
      async (options: { limit: number; json?: true }) =>
        await withStores(io, (stores) => list(io, stores, options)),
    );
  runs
    .command('show <run>')
    .description('Show one run with its timeline.')
    .option('--json', 'print JSON')
    .action(
      async (id: string, options: { json?: true }) =>
        await withStores(io, (stores) => show(io, stores, id, options)),
    );
  runs
    .command('logs <run>')
    .description('Print the output of the agent.')
    .option('-f, --follow', 'continue until the run has ended')
    .option('--attempt <number>', 'number of an earlier attempt', attemptOption)
    .option('--json', 'print JSON lines: at, stream, text')
    .action(
      async (id: string, options: { follow?: true; attempt?: number; json?: true }) =>
        await withStores(io, async (stores) => {
          checkAttempt(await findRun(stores, id), options.attempt);
          await followLog(io, {
            run: async () => await findRun(stores, id),
            attempt: options.attempt,
            varDir: stores.config.varDir,
            output: createOutputStore(stores.db),
            follow: options.follow === true,
            json: options.json === true,
            clock: systemClock,
          });
        }),
    );
  addRunActions(runs, io);
}

function addRunActions(runs: Command, io: Io): void {
  runs
    .command('cancel <run>')
    .description('Cancel a run. Its container stops within its grace period plus one second.')
    .option('--reason <text>', 'reason shown in the timeline', 'an operator asked for it')
    .option('--json', 'print JSON')
    .action(
      async (id: string, options: { reason: string; json?: true }) =>
        await withStores(io, async (stores) => {
          const run = await findRun(stores, id);
          const answer = await cancelRun(
            { ...stores, isServiceRunning: stores.isServiceRunning() },
            run,
            options.reason,
          );
          if (options.json) printJson(io, { id: run.id, ...answer });
          else io.out(`${answer.message}\n`);
          if (answer.status === 'already_ended') io.fail(1);
        }),
    );
  runs
    .command('retry <run>')
    .description('Retry a run that has ended, as its next attempt.')
    .option('--reason <text>', 'reason shown in the timeline', 'an operator asked for it')
    .option('--json', 'print JSON')
    .action(
      async (id: string, options: { reason: string; json?: true }) =>
        await withStores(io, async (stores) => {
          const run = await findRun(stores, id);
          const answer = await retryRun(stores, run.id, options.reason);
          if (options.json) printJson(io, { id: run.id, ...answer });
          else io.out(`${answer.message}\n`);
          if (answer.status === 'not_ended') io.fail(1);
        }),
    );
}

/** Throws `attempt_unknown`; one that is requested before any has begun may be followed. */
function checkAttempt(run: Run, asked: number | undefined): void {
  if (asked !== undefined && asked > run.attempt) throw attemptUnknown(String(asked), run.attempt);
}

/** The workspace of a failed run, and until when it is kept. */
function keptWorkspace({ config }: Stores, run: Run, until: number): string {
  return `${join(config.workspaceRoot, run.repository, workspaceName(run))} until ${formatTime(isoTime(until))}`;
}

async function list(io: Io, stores: Stores, options: { limit: number; json?: true }): Promise<void> {
  const found = await stores.runs.list(options.limit);
  if (options.json) return printJson(io, found.map(runView));
  if (found.length === 0) return io.out('No runs yet.\n');
  const rows = found.map((run) => [
    run.id,
    run.outcome ?? run.state,
    run.reason?.code ?? '-',
    run.repository,
    run.profile,
    formatTime(isoTime(run.queuedAt)),
    formatTime(isoTime(run.endedAt)),
  ]);
  printTable(io, ['RUN', 'STATE', 'REASON', 'REPOSITORY', 'PROFILE', 'QUEUED', 'ENDED'], rows);
}

async function show(io: Io, stores: Stores, id: string, options: { json?: true }): Promise<void> {
  const run = await findRun(stores, id);
  const timeline = await stores.runs.timeline(id);
  const { changes, findings } = runFindings(timeline);
  const left = leftPatch(timeline);
  if (options.json) return printJson(io, runDetails(run, timeline));
  const head = [
    ['run', run.id],
    ['delivery', run.deliveryId],
    ['repository', run.repository],
    ['profile', run.profile],
    ['state', run.outcome ? `${run.state}, ${run.outcome}` : run.state],
    ['output', runLogDirectory(stores.config.varDir, run)],
    ...(changes ? [['changes', changesLine(changes)]] : []),
    ...(left === null ? [] : [['left', left]]),
    ...(run.workspaceKeptUntil === null
      ? []
      : [['workspace', keptWorkspace(stores, run, run.workspaceKeptUntil)]]),
  ];
  for (const [name = '', value = ''] of head) io.out(`${name.padEnd(12)}${plain(value)}\n`);
  if (run.reason) io.out(`\n${problemText(run.reason)}`);
  for (const finding of findings) io.out(`\n${problemText(finding)}`);
  io.out('\n');
  for (const entry of timeline)
    io.out(
      `${formatTime(isoTime(entry.at))}  ${plain(`${entry.text}${detailOf(entry)}`).replaceAll('\n', '\n    ')}\n`,
    );
  if (run.usage)
    io.out(
      `\n${counted(run.usage.inputTokens, 'token')} in (${run.usage.cachedInputTokens} cached), ${run.usage.outputTokens} out\n`,
    );
  if (run.finalMessage) io.out(`\n${plain(run.finalMessage)}\n`);
}

/** Details of a server's answer, only for the operator. */
function detailOf({ data }: TimelineEntry): string {
  return typeof data.detail === 'string' ? `\n${data.detail}` : '';
}
