import type { Command } from 'commander';
import { retryRun } from '../../flow/actions/run-actions.ts';
import { findRun } from '../../runs/store/run-store.ts';
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
          const answer = await retryRun(stores, run.id, options.reason);
          if (options.json) printJson(io, { id: run.id, ...answer });
          else io.out(`${answer.message}\n`);
          if (answer.status === 'not_ended') io.fail(1);
        }),
    );
}
