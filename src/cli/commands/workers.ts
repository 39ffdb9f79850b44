import type { Command } from 'commander';
import { isoTime, systemClock } from '../../base/clock.ts';
import { leaseTimes } from '../../flow/worker/lease-renewer.ts';
import { workerUnknown } from '../../runs/errors.ts';
import { createWorkerStore, type WorkerStore } from '../../runs/queue/worker-store.ts';
import { workerView } from '../../runs/view/view.ts';
import type { Io } from '../terminal/io.ts';
import { formatTime, printJson, printTable } from '../terminal/output.ts';
import { withStores } from './shared/stores.ts';

/** `workers list|drain`. */
export function addWorkersCommand(program: Command, io: Io): void {
  const workers = program.command('workers').description('Show the workers, and drain one.');
  workers
    .command('list')
    .description('List every worker of this database with its runs and its last heartbeat.')
    .option('--json', 'print one JSON array')
    .action(
      async (options: { json?: true }) =>
        await withWorkers(io, async (store) => await list(io, store, options)),
    );
  workers
    .command('drain <worker>')
    .description('Let a worker claim no more runs until it restarts; its active runs continue.')
    .option('--undo', 'let it claim runs again')
    .option('--json', 'print JSON')
    .action(
      async (id: string, options: { undo?: true; json?: true }) =>
        await withWorkers(io, async (store) => await drain(io, store, id, options)),
    );
}

async function withWorkers(io: Io, work: (store: WorkerStore) => Promise<void>): Promise<void> {
  await withStores(io, async ({ db, config }) => {
    await work(createWorkerStore(db, systemClock, leaseTimes(config).leaseMs));
  });
}

async function list(io: Io, store: WorkerStore, options: { json?: true }): Promise<void> {
  const found = await store.list();
  if (options.json) return printJson(io, found.map(workerView));
  if (found.length === 0) return io.out('No workers.\n');
  const rows = found.map((worker) => [
    worker.id,
    worker.name,
    worker.state,
    `${worker.runs}/${worker.capacity}`,
    formatTime(isoTime(worker.heartbeatAt)),
    worker.version,
    worker.host,
  ]);
  printTable(io, ['WORKER', 'NAME', 'STATE', 'RUNS', 'LAST SEEN', 'VERSION', 'HOST'], rows);
}

async function drain(
  io: Io,
  store: WorkerStore,
  id: string,
  { undo, json }: { undo?: true; json?: true },
): Promise<void> {
  if (!(await store.drain(id, !undo))) throw workerUnknown(id);
  const message = undo
    ? `Worker ${id} claims runs again.`
    : `Worker ${id} claims no more runs; its active runs continue.`;
  if (json) printJson(io, { id, draining: !undo, message });
  else io.out(`${message}\n`);
}
