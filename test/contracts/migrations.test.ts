import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { type Db, openDatabase } from '../../src/db/open.ts';
import { eachDatabase } from '../support/databases/databases.ts';

/** Brings the schema back to where version 0018 left it. */
async function undoFrom19({ kysely }: Db): Promise<void> {
  await sql`ALTER TABLE runs DROP COLUMN limits_json`.execute(kysely);
  await sql`DROP INDEX reports_waiting`.execute(kysely);
  await sql`DROP INDEX reports_run`.execute(kysely);
  await sql`ALTER TABLE reports RENAME COLUMN digest TO said`.execute(kysely);
  await sql`ALTER TABLE reports RENAME TO sayings`.execute(kysely);
  await sql`CREATE INDEX sayings_waiting ON sayings (next_at) WHERE state = 'waiting'`.execute(kysely);
  await sql`CREATE INDEX sayings_run ON sayings (run_id)`.execute(kysely);
  await sql`DELETE FROM kysely_migration WHERE name >= '0019'`.execute(kysely);
}

eachDatabase((_kind, databases) => {
  test('reasons, timelines and report templates of an older database say hint, the lines of timelines have today’s kinds, and nothing else of them changes', async () => {
    const { db, place } = await databases.open();
    const reason = { code: 'image_missing', message: 'the "mend" of it', mend: 'Build it.' };
    const profile = { report: { templates: { ended: '{{REASON}} {{#if MEND}}{{MEND}}{{/if}} MEND' } } };
    await sql`
      INSERT INTO runs (id, delivery_id, repository, repository_id, profile, profile_json, state, reason_json, attempt, queued_at)
      VALUES ('r', 'd', 'o/r', 1, 'p', ${JSON.stringify(profile)}, 'ended', ${JSON.stringify(reason)}, 1, 0)`.execute(
      db.kysely,
    );
    await sql`
      INSERT INTO run_events (run_id, seq, at, kind, text, data_json)
      VALUES ('r', 1, 0, 'secret_found', 'x', ${JSON.stringify({ code: 'secret_found', mend: 'Replace it.' })})`.execute(
      db.kysely,
    );
    await sql`
      INSERT INTO run_events (run_id, seq, at, kind, text, data_json)
      VALUES ('r', 2, 0, 'codex.command_done', 'npm test ended.', '{"command":"npm test","exitCode":0}'),
        ('r', 3, 0, 'codex.turn', 'Codex finished its turn.', '{"inputTokens":7}'),
        ('r', 4, 0, 'tokens_unknown', 'The counts cannot be true.', '{}'),
        ('r', 5, 0, 'not_told', 'x', '{}'), ('r', 6, 0, 'asked_in_vain', 'x', '{}')`.execute(db.kysely);
    await undoFrom19(db);
    const again = await openDatabase(place);
    onTestFinished(() => again.close());
    const run = await sql<{ reasonJson: string; profileJson: string }>`SELECT * FROM runs`.execute(
      again.kysely,
    );
    expect(JSON.parse(run.rows[0]?.reasonJson ?? '')).toEqual({
      code: 'image_missing',
      message: 'the "mend" of it',
      hint: 'Build it.',
    });
    expect(JSON.parse(run.rows[0]?.profileJson ?? '').report.templates.ended).toBe(
      '{{REASON}} {{#if HINT}}{{HINT}}{{/if}} MEND',
    );
    const events = await sql<{ kind: string; dataJson: string }>`
      SELECT kind, data_json FROM run_events ORDER BY seq`.execute(again.kysely);
    expect(events.rows.map(({ kind, dataJson }) => [kind, JSON.parse(dataJson)])).toEqual([
      ['secret_found', { code: 'secret_found', hint: 'Replace it.' }],
      ['agent.command', { command: 'npm test', exitCode: 0 }],
      ['agent.end', { inputTokens: 7 }],
      ['agent.usage', {}],
      ['not_reported', {}],
      ['github_unanswered', {}],
    ]);
  });
});
