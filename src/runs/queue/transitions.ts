import type { Kysely } from 'kysely';
import { lockFor } from '../../db/database.ts';
import type { Run, RunState } from '../run.ts';
import { runTables } from '../tables.ts';
import { joinGroup, leaveGroup } from './groups.ts';
import { lockQueues, settleQueue } from './repository-queues.ts';

/** Before a move, inside its transaction: locks the group and the repository queue that the run enters or leaves. Gives the columns to set: a retried run waits for its group again. */
export async function lockPlace(
  trx: Kysely<unknown>,
  run: Run,
  to: RunState,
): Promise<{ head?: 0; held?: 0 | 1 }> {
  let held: 0 | 1 | undefined;
  if (run.groupKey !== null && run.state === 'ended') {
    const joined = await joinGroup(trx, { key: run.groupKey, onBusy: 'queue' }, run.id);
    held = 'held' in joined ? joined.held : 1;
  }
  if (run.groupKey !== null && to === 'ended') await lockFor(trx, `group ${run.groupKey}`);
  if (!changesQueue(run, to)) return {};
  await lockQueues(trx, [run.repositoryId]);
  return { head: 0, ...(held === undefined ? {} : { held }) };
}

/** After the move: gives the repository queue its head, and the next run of the group its turn. */
export async function leavePlace(trx: Kysely<unknown>, run: Run, to: RunState): Promise<void> {
  if (changesQueue(run, to)) await settleQueue(trx, run.repositoryId);
  if (to === 'ended' && run.groupKey !== null) await leaveGroup(trx, run.groupKey);
}

/** Cancels a run that can still be; false for any other. The first reason stays. */
export async function markCancelled(trx: Kysely<unknown>, id: string, reason: string): Promise<boolean> {
  const tables = runTables(trx);
  const row = await tables.selectFrom('runs').select('repositoryId').where('id', '=', id).executeTakeFirst();
  if (!row) return false;
  await lockQueues(trx, [row.repositoryId]);
  const result = await tables
    .updateTable('runs')
    .set((set) => ({ cancelReason: set.fn.coalesce('cancelReason', set.val(reason)) }))
    .where('id', '=', id)
    .where('state', 'not in', ['reporting', 'ended'])
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) return false;
  await settleQueue(trx, row.repositoryId);
  return true;
}

function changesQueue(run: Run, to: RunState): boolean {
  return run.state === 'queued' || to === 'queued';
}
