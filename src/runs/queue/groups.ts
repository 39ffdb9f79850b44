import type { Kysely } from 'kysely';
import { lockFor } from '../../db/database.ts';
import { runTables } from '../tables.ts';
import { GROUPED, lockQueues, settleQueues } from './repository-queues.ts';

/** The group that a run wants to be in, and what happens when another run of it has not ended. */
export type RunGroup = { key: string; onBusy: 'queue' | 'replace' | 'drop' };

/** How a run gets into its group: at once (`held` 0), behind others (1), or not at all because of one that has not ended. */
type GroupAdmission = { held: 0 | 1 } | { busyWith: string };

/**
 * Decides how the run `id` gets into `group`, inside the transaction that then writes its row; from now on no other
 * transaction decides about the group until this one ends. With `replace`, every run of the group that can still be
 * cancelled is cancelled. Active ones keep their turn until they have ended, so that two never work at once.
 */
export async function joinGroup(trx: Kysely<unknown>, group: RunGroup, id: string): Promise<GroupAdmission> {
  await lockFor(trx, `group ${group.key}`);
  const others = await membersOf(trx, group.key);
  const [first] = others.filter((other) => other.id !== id);
  if (!first) return { held: 0 };
  if (group.onBusy === 'drop') return { busyWith: first.id };
  if (group.onBusy === 'replace') {
    await lockQueues(
      trx,
      others.map((other) => other.repositoryId),
    );
    await cancelOthers(trx, group.key, id);
  }
  return { held: 1 };
}

/** Gives the turn of a run that has just ended to the one of its group that has waited longest; a cancelled one comes last. */
export async function leaveGroup(trx: Kysely<unknown>, key: string): Promise<void> {
  await lockFor(trx, `group ${key}`);
  const members = await membersOf(trx, key);
  if (members.some(({ held }) => held === 0)) return;
  const next = members.find(({ cancelReason }) => cancelReason === null) ?? members[0];
  if (!next) return;
  await lockQueues(trx, [next.repositoryId]);
  await runTables(trx).updateTable('runs').set({ held: 0 }).where('id', '=', next.id).execute();
  await settleQueues(trx, [next.repositoryId]);
}

/** The runs of a group that have not ended, the oldest first. */
async function membersOf(trx: Kysely<unknown>, key: string) {
  return await runTables(trx)
    .selectFrom('runs')
    .select(['id', 'held', 'repositoryId', 'cancelReason'])
    .where('groupKey', '=', key)
    .where(GROUPED)
    .orderBy('queuedAt')
    .orderBy('id')
    .execute();
}

async function cancelOthers(trx: Kysely<unknown>, key: string, by: string): Promise<void> {
  const reason = `Run ${by} took its place in the group ${JSON.stringify(key)}.`;
  const rows = await runTables(trx)
    .updateTable('runs')
    .set((set) => ({ cancelReason: set.fn.coalesce('cancelReason', set.val(reason)) }))
    .where('groupKey', '=', key)
    .where(GROUPED)
    .where('state', '<>', 'reporting')
    .where('id', '<>', by)
    .returning('repositoryId')
    .execute();
  await settleQueues(
    trx,
    rows.map((row) => row.repositoryId),
  );
}
