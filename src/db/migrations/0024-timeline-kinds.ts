import { type Kysely, sql } from 'kysely';

/** Two kinds of lines in a run's timeline say what happened in the words of the field. */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  await sql`
    UPDATE run_events SET kind = CASE kind WHEN 'not_told' THEN 'not_reported' ELSE 'github_unanswered' END
    WHERE kind IN ('not_told', 'asked_in_vain')`.execute(kysely);
}
