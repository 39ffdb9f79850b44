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
    .description('Run agents with the engine of this host, next to other workers on one PostgreSQL.')
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
    message: 'DATABASE_URL is not set, and workers share their queue through PostgreSQL.',
    hint: 'Set DATABASE_URL to one database for the service and every worker. On a single machine `github-flows serve` needs no worker.',
  });
}

function workerWithoutRoom(): FlowError {
  return new FlowError({
    code: 'worker_without_room',
    blame: 'operator',
    message: 'MAX_CONCURRENT_RUNS is 0, so this worker would never claim a run.',
    hint: 'Set MAX_CONCURRENT_RUNS to the number of runs for this host. 0 is for a `serve` that leaves all runs to workers.',
  });
}
