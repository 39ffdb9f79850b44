import { type Kysely, sql } from 'kysely';

/** What stored JSON calls otherwise since then: column, and each text with the one that takes its place. */
const RENAMED: readonly [table: string, column: string, ...(readonly [before: string, after: string])[]][] = [
  ['runs', 'reason_json', ['"mend":', '"hint":']],
  ['run_events', 'data_json', ['"mend":', '"hint":']],
  ['runs', 'profile_json', ['{{MEND}}', '{{HINT}}'], ['{{#if MEND}}', '{{#if HINT}}']],
  ['sayings', 'profile_json', ['{{MEND}}', '{{HINT}}'], ['{{#if MEND}}', '{{#if HINT}}']],
];

/** What to do about a problem is its `hint`; older versions stored it as `mend`, and their report templates name it so. */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  for (const [table, column, ...texts] of RENAMED)
    for (const [before, after] of texts)
      await sql`
        UPDATE ${sql.table(table)} SET ${sql.ref(column)} = replace(${sql.ref(column)}, ${before}, ${after})
        WHERE ${sql.ref(column)} LIKE ${`%${before}%`}`.execute(kysely);
}
