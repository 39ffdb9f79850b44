import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Db } from '../../src/db/open.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { openQueue } from '../support/databases/queue.ts';
import { size } from '../support/suite/size.ts';

const CLAIMS = size(40, 300);

/** Who waits: half of the runs of one repository and the oldest, the others of 500; or one actor nearly everywhere, in 1,000 repositories. */
const SHAPES = {
  'half of them of one repository': {
    repository: (count: number) => `CASE WHEN i <= ${count / 2} THEN 0 ELSE i % 500 END`,
    actor: "'alice'",
    ceilings: { perRepository: 2, perActor: undefined },
  },
  'nearly all of one actor who has no room': {
    repository: () => 'i % 1000',
    actor: "CASE WHEN i % 10 < 9 THEN 'alice' ELSE 'user' || (i % 7) END",
    ceilings: { perRepository: 2, perActor: 3 },
  },
};

type Shape = (typeof SHAPES)[keyof typeof SHAPES];

async function fill(db: Db, count: number, { repository, actor }: Shape): Promise<void> {
  await sql`INSERT INTO runs (id, delivery_id, repository, repository_id, profile, profile_json, state, queued_at, actor)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${sql.lit(count)})
    SELECT 'x' || i, 'x' || i, 'o/r', ${sql.raw(repository(count))}, 'p', '{}', 'queued',
      1700000000000 + i, ${sql.raw(actor)} FROM n`.execute(db.kysely);
  await sql`UPDATE runs SET head = 1 WHERE id IN (SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY repository_id ORDER BY queued_at, id) AS place FROM runs) AS lanes
    WHERE place = 1)`.execute(db.kysely);
}

/** The median and the 99th percentile of what many claims took, in milliseconds. */
async function timeClaims(db: Db, { ceilings }: Shape): Promise<{ p50: number; p99: number }> {
  const { claim, end } = openQueue(db, ceilings);
  const times: number[] = [];
  const living: string[] = [];
  for (let each = 0; each < CLAIMS; each += 1) {
    const from = performance.now();
    const id = await claim();
    times.push(performance.now() - from);
    if (id !== undefined) living.push(id);
    if (living.length > 15) await end(living.splice(4, 1)[0] as string);
  }
  expect(living.length).toBeGreaterThan(3);
  times.sort((a, b) => a - b);
  return { p50: times[CLAIMS / 2] ?? 0, p99: times[Math.floor(CLAIMS * 0.99)] ?? 0 };
}

eachDatabase((kind, databases) => {
  test.each(Object.entries(SHAPES))(
    'a claim takes as long with a long queue as with a short one: %s',
    async (name, shape) => {
      const [short, long] = [await databases.open(), await databases.open()];
      const count = size(20_000, 100_000);
      await fill(short.db, 2_000, shape);
      await fill(long.db, count, shape);
      const few = await timeClaims(short.db, shape);
      const many = await timeClaims(long.db, shape);
      const shown = (ms: number): string => `${ms.toFixed(1)} ms`;
      console.info(
        `${kind}: a claim among ${count} runs, ${name}: p50 ${shown(many.p50)}, p99 ${shown(many.p99)}; among 2000 p50 ${shown(few.p50)}`,
      );
      // A scan of the queue would be twenty times slower and more; the rest is room for a busy machine.
      expect(many.p50).toBeLessThan(4 * few.p50 + 5);
    },
  );
});
