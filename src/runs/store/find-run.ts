import { runUnknown } from '../errors.ts';
import type { Run } from '../run.ts';
import type { RunStore } from './run-store.ts';

/** The run of this id. Throws `run_unknown`. */
export async function findRun({ runs }: { runs: Pick<RunStore, 'find'> }, id: string): Promise<Run> {
  // What cannot be an id need not reach the database, which takes no NUL.
  const run = /^[\w-]{1,64}$/.test(id) ? await runs.find(id) : undefined;
  if (run) return run;
  throw runUnknown(id);
}
