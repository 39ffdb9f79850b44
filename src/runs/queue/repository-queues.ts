import { type Kysely, type RawBuilder, sql } from 'kysely';
import { lockFor } from '../../db/database.ts';
import { runTables } from '../tables.ts';

// Word for word as in the indexes of migration 0005, or the databases do not use those.

/** It waits for room alone, and is not blocked by its group, delayed or cancelled. */
export const READY: RawBuilder<boolean> = sql<boolean>`state = 'queued' AND held = 0 AND not_before = 0 AND cancel_reason IS NULL`;

/** It waits, for any reason. */
export const QUEUED: RawBuilder<boolean> = sql<boolean>`state = 'queued'`;

/** It is delayed until a time. */
export const DELAYED: RawBuilder<boolean> = sql<boolean>`state = 'queued' AND not_before > 0`;

/** It waits, and a cancel was requested. */
export const CANCELLED: RawBuilder<boolean> = sql<boolean>`state = 'queued' AND cancel_reason IS NOT NULL`;

/** A worker works on it. */
export const ACTIVE: RawBuilder<boolean> = sql<boolean>`state IN ('preparing', 'running', 'reporting')`;

/** It is the oldest ready run of its repository. */
export const HEAD: RawBuilder<boolean> = sql<boolean>`head = 1`;

/** It is of a group and has not ended. */
export const GROUPED: RawBuilder<boolean> = sql<boolean>`state <> 'ended' AND group_key IS NOT NULL`;

/**
 * Marks the oldest ready run of a repository as its head, and no other. To be called, inside the transaction,
 * after every change that makes runs of the repository ready or not ready; without it a ready run may be found only
 * when nothing else waits. Whoever changes queued rows holds their queues before (`lockQueues`): the next change sees this one, and nobody waits
 * for a repository queue while others wait for one of its rows.
 */
export async function settleQueue(trx: Kysely<unknown>, repositoryId: number): Promise<void> {
  const tables = runTables(trx);
  const first = await tables
    .selectFrom('runs')
    .select('id')
    .where('repositoryId', '=', repositoryId)
    .where(READY)
    .orderBy('queuedAt')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  const heads = await tables
    .selectFrom('runs')
    .select('id')
    .where('repositoryId', '=', repositoryId)
    .where(HEAD)
    .execute();
  for (const { id } of heads)
    if (id !== first?.id) await tables.updateTable('runs').set({ head: 0 }).where('id', '=', id).execute();
  if (first && !heads.some(({ id }) => id === first.id))
    await tables.updateTable('runs').set({ head: 1 }).where('id', '=', first.id).execute();
}

/** `settleQueue` for a repository queue whose head has just been taken from it, in one statement. */
export async function giveHead(trx: Kysely<unknown>, repositoryId: number): Promise<void> {
  await sql`UPDATE runs SET head = 1 WHERE id = (SELECT id FROM runs WHERE repository_id = ${repositoryId} AND ${READY}
    ORDER BY queued_at, id LIMIT 1)`.execute(trx);
}

/** `settleQueue` for each repository. */
export async function settleQueues(trx: Kysely<unknown>, repositoryIds: Iterable<number>): Promise<void> {
  for (const id of inOrder(repositoryIds)) await settleQueue(trx, id);
}

/** Holds the queued runs of repositories until the transaction ends: nobody else changes which is their head. */
export async function lockQueues(trx: Kysely<unknown>, repositoryIds: Iterable<number>): Promise<void> {
  for (const id of inOrder(repositoryIds)) await lockFor(trx, `repository queue ${id}`);
}

/** Each once and always in this order, so that two transactions never wait for each other. */
function inOrder(repositoryIds: Iterable<number>): number[] {
  return [...new Set(repositoryIds)].sort((a, b) => a - b);
}
