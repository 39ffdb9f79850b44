import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { counted } from '../../base/words.ts';
import { startWorkerApp } from '../../compose/worker.ts';
import type { Io } from '../terminal/io.ts';
import { readConfig, warnOfSettings } from './shared/stores.ts';
import { unlockedConfig } from './shared/unlock.ts';
import { untilSignal } from './shared/until-signal.ts';

/** `worker`. */
export function addWorkerCommand(program: Command, io: Io): void {
  program
    .command('worker')
    .description('Work on runs with this host’s engine, beside others on one PostgreSQL, until told to stop.')
    .action(async () => {
      const config = readConfig(io);
      warnOfSettings(io);
      if (config.databaseUrl === undefined) throw workerNeedsPostgres();
      if (config.maxConcurrentRuns === 0) throw workerWithoutRoom();
      const stopping = untilSignal();
      const app = await startWorkerApp(await unlockedConfig(io, config));
      io.err(`Working on up to ${counted(config.maxConcurrentRuns, 'run')} at once.\n`);
      await stopping;
      await app.stop(config.drainMs);
    });
}

function workerNeedsPostgres(): FlowError {
  return new FlowError({
    code: 'worker_needs_postgres',
    blame: 'operator',
    message: 'A worker shares its queue with others through PostgreSQL, and DATABASE_URL is not set.',
    hint: 'Set DATABASE_URL to the database of your service, for it and for every worker; on one machine alone, `github-flows serve` works on its runs itself.',
  });
}

function workerWithoutRoom(): FlowError {
  return new FlowError({
    code: 'worker_without_room',
    blame: 'operator',
    message: 'MAX_CONCURRENT_RUNS is 0, so this worker would never work on anything.',
    hint: 'Set MAX_CONCURRENT_RUNS to how many runs this host may work on at once; 0 is for a `serve` that leaves the work to workers.',
  });
}
