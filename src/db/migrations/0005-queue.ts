import { type Kysely, sql } from 'kysely';

/**
 * What claims are decided by, so that none has to read the queue.
 *
 * `group_key` is the group a run waits in, `held` 1 while another run of its group has its turn. A run is ready when
 * nothing but room is missing: it waits, is not held, put off or called off. `head` marks the oldest ready run of
 * each repository, so that the next run is found among the heads. `actor` is who started it, '' when that is not
 * known. The conditions of these indexes stand in src/runs/queue/repository-queues.ts word for word: SQLite uses an index with a
 * condition only where a query has the same one.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema.alterTable('runs').addColumn('group_key', 'text').execute();
  for (const flag of ['held', 'head'])
    await kysely.schema
      .alterTable('runs')
      .addColumn(flag, 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  await kysely.schema
    .alterTable('runs')
    .addColumn('actor', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await sql`DROP INDEX runs_waiting`.execute(kysely);
  await makeIndexes(kysely);
  await sql`UPDATE runs SET head = 1 WHERE state = 'queued' AND held = 0 AND not_before = 0
    AND cancel_reason IS NULL AND id = (SELECT id FROM runs AS other WHERE other.repository_id = runs.repository_id
      AND other.state = 'queued' AND other.held = 0 AND other.not_before = 0 AND other.cancel_reason IS NULL
      ORDER BY other.queued_at, other.id LIMIT 1)`.execute(kysely);
}

async function makeIndexes(kysely: Kysely<unknown>): Promise<void> {
  const ready = sql`WHERE state = 'queued' AND held = 0 AND not_before = 0 AND cancel_reason IS NULL`;
  await sql`CREATE INDEX runs_lane ON runs (repository_id, queued_at, id) ${ready}`.execute(kysely);
  await sql`CREATE INDEX runs_lane_actor ON runs (repository_id, actor, queued_at, id) ${ready}`.execute(
    kysely,
  );
  await sql`CREATE INDEX runs_heads ON runs (queued_at, id) WHERE head = 1`.execute(kysely);
  await sql`CREATE INDEX runs_head_of ON runs (repository_id) WHERE head = 1`.execute(kysely);
  await sql`CREATE INDEX runs_queued ON runs (queued_at, id) WHERE state = 'queued'`.execute(kysely);
  await sql`CREATE INDEX runs_put_off ON runs (not_before) WHERE state = 'queued' AND not_before > 0`.execute(
    kysely,
  );
  await sql`CREATE INDEX runs_called_off ON runs (queued_at, id) WHERE state = 'queued' AND cancel_reason IS NOT NULL`.execute(
    kysely,
  );
  await sql`CREATE INDEX runs_active ON runs (repository_id, actor) WHERE state IN ('preparing', 'running', 'reporting')`.execute(
    kysely,
  );
  await sql`CREATE INDEX runs_grouped ON runs (group_key, queued_at, id) WHERE state <> 'ended' AND group_key IS NOT NULL`.execute(
    kysely,
  );
}
