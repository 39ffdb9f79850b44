import type { Command } from 'commander';
import { requestRetry } from '../../flow/actions/retry-policy.ts';
import { findRun } from '../../runs/store/find-run.ts';
import type { Io } from '../terminal/io.ts';
import { printJson } from '../terminal/output.ts';
import { withStores } from './shared/stores.ts';

/** `runs retry`. */
export function addRetryCommand(runs: Command, io: Io): void {
  runs
    .command('retry <run>')
    .description('Retry a run that has ended, as its next attempt.')
    .option('--reason <text>', 'why', 'an operator asked for it')
    .option('--json', 'print JSON')
    .action(
      async (id: string, options: { reason: string; json?: true }) =>
        await withStores(io, async (stores) => {
          const run = await findRun(stores, id);
          const isBack = await requestRetry(stores, run.id, options.reason);
          const message = isBack
            ? `Run ${run.id} is queued for attempt ${run.attempt + 1}.`
            : `Run ${run.id} has not ended yet. Cancel it first, or wait.`;
          if (options.json) printJson(io, { id: run.id, status: isBack ? 'queued' : 'not_ended', message });
          else io.out(`${message}\n`);
          if (!isBack) io.fail(1);
        }),
    );
}
