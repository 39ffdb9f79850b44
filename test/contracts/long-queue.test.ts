import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Db } from '../../src/db/open.ts';
import { eachDatabase } from '../support/databases.ts';
import { openQueue } from '../support/queue.ts';
import { size } from '../support/size.ts';

const CLAIMS = 40;

/** Half of the runs are of one repository and the oldest, the others of 500. */
async function fill(db: Db, count: number): Promise<void> {
  await sql`INSERT INTO runs (id, delivery_id, repository, repository_id, profile, profile_json, state, queued_at, actor)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${sql.lit(count)})
    SELECT 'x' || i, 'x' || i, 'o/r', CASE WHEN i <= ${sql.lit(count / 2)} THEN 0 ELSE i % 500 END, 'p', '{}', 'queued',
      1700000000000 + i, 'alice' FROM n`.execute(db.kysely);
  await sql`UPDATE runs SET head = 1 WHERE id IN (SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY repository_id ORDER BY queued_at, id) AS place FROM runs) AS lanes
    WHERE place = 1)`.execute(db.kysely);
}

/** What the middle and the slowest but one of many claims took, in milliseconds. */
async function timeClaims(db: Db): Promise<{ median: number; slow: number }> {
  const { claim, end } = openQueue(db, { perRepository: 2, perActor: undefined });
  const times: number[] = [];
  for (let each = 0; each < CLAIMS; each += 1) {
    const from = performance.now();
    const id = await claim();
    times.push(performance.now() - from);
    expect(id).toBeDefined();
    if (each % 2 === 0) await end(id as string);
  }
  times.sort((a, b) => a - b);
  return { median: times[CLAIMS / 2] ?? 0, slow: times[CLAIMS - 2] ?? 0 };
}

eachDatabase((kind, databases) => {
  test('a claim takes as long with a long queue as with a short one', async () => {
    const [short, long] = [await databases.open(), await databases.open()];
    const count = size(20_000, 100_000);
    await fill(short.db, 1_000);
    await fill(long.db, count);
    const few = await timeClaims(short.db);
    const many = await timeClaims(long.db);
    const shown = (ms: number): string => `${ms.toFixed(1)} ms`;
    console.info(
      `${kind}: a claim among 1,000 runs ${shown(few.median)}, among ${count} ${shown(many.median)}; the second slowest of ${CLAIMS} ${shown(many.slow)}`,
    );
    // A scan of the queue would be twenty times slower and more; the rest is room for a busy machine.
    expect(many.median).toBeLessThan(4 * few.median + 5);
  });
});
