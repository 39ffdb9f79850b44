import { type Kysely, sql } from 'kysely';

/**
 * What is said on GitHub, and who started what.
 *
 * `sayings` takes the place of `reports`: one row for each thing that is there once, by its `key`. A row lives on
 * while its run does, so that the comment it stands for (`remote_id`) is updated in place; `said` is the digest of
 * what GitHub has, `taken_until` keeps two processes from saying it twice. Refusals have no run and keep the
 * profile that names their credential.
 *
 * `run_starts` is what loop breaker and budgets count, `own_accounts` the logins that the service speaks as.
 */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await makeSayings(kysely);
  await kysely.schema
    .createTable('run_starts')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('thread', 'bigint')
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('profile', 'text', (column) => column.notNull())
    .addColumn('machine', 'integer', (column) => column.notNull())
    .addColumn('reserved_ms', 'bigint', (column) => column.notNull())
    .addColumn('used_ms', 'bigint')
    .execute();
  for (const key of ['actor', 'repository', 'profile', 'run_id'])
    await kysely.schema.createIndex(`run_starts_${key}`).on('run_starts').columns([key, 'at']).execute();
  await kysely.schema
    .createIndex('runs_thread')
    .on('runs')
    .columns(['repository_id', 'issue_number', 'queued_at'])
    .execute();
  await kysely.schema
    .createTable('own_accounts')
    .addColumn('credential', 'text', (column) => column.primaryKey())
    .addColumn('login', 'text', (column) => column.notNull())
    .addColumn('learned_at', 'bigint', (column) => column.notNull())
    .execute();
}

async function makeSayings(kysely: Kysely<unknown>): Promise<void> {
  await kysely.schema
    .createTable('sayings')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('key', 'text', (column) => column.notNull().unique())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.references('runs.id').onDelete('cascade'))
    .addColumn('profile_json', 'text')
    .addColumn('target_json', 'text', (column) => column.notNull())
    .addColumn('content_json', 'text', (column) => column.notNull())
    .addColumn('remote_id', 'bigint')
    .addColumn('said', 'text')
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addColumn('taken_until', 'bigint', (column) => column.notNull())
    .addColumn('last_error', 'text')
    .execute();
  await sql`CREATE INDEX sayings_waiting ON sayings (next_at) WHERE state = 'waiting'`.execute(kysely);
  await kysely.schema.createIndex('sayings_run').on('sayings').column('run_id').execute();
  await sql`
    INSERT INTO sayings (id, key, kind, run_id, profile_json, target_json, content_json, remote_id, said, state,
      attempts, made_at, next_at, taken_until, last_error)
    SELECT id, CASE WHEN kind = 'comment' THEN 'status' ELSE kind END || ':' || run_id,
      CASE WHEN kind = 'comment' THEN 'status' ELSE kind END, run_id, NULL, target_json, '{}', NULL, NULL, state,
      attempts, next_at, next_at, 0, last_error
    FROM reports`.execute(kysely);
  await sql`DROP TABLE reports`.execute(kysely);
}
