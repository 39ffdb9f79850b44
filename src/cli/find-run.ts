import { FlowError } from '../base/errors.ts';
import type { Run } from '../runs/run.ts';
import type { Stores } from './stores.ts';

/** The run of this id. Throws `run_unknown`. */
export async function findRun(stores: Pick<Stores, 'runs'>, id: string): Promise<Run> {
  // What cannot be an id need not reach the database, which takes no NUL.
  const run = /^[\w-]{1,64}$/.test(id) ? await stores.runs.find(id) : undefined;
  if (run) return run;
  throw new FlowError({
    code: 'run_unknown',
    blame: 'operator',
    message: `There is no run ${JSON.stringify(id.slice(0, 80))}.`,
    mend: 'See the ids with: github-flows runs list',
  });
}
