import { type Kysely, sql } from 'kysely';

/** Kinds of lines in a run's timeline before there were several agents, and what every agent calls them. */
const KINDS = {
  'codex.thread': 'agent.session',
  'codex.other_thread': 'agent.session',
  'codex.message': 'agent.text',
  'codex.reasoning': 'agent.text',
  'codex.command': 'agent.command',
  'codex.command_done': 'agent.command',
  'codex.file_change': 'agent.file',
  'codex.tool': 'agent.tool',
  'codex.search': 'agent.tool',
  'codex.turn': 'agent.end',
  tokens_unknown: 'agent.usage',
  'codex.error': 'agent.failure',
};

/** Lines about an agent have the same kinds for every agent. The table is large, so it is read once. */
export async function up(kysely: Kysely<unknown>): Promise<void> {
  const renames = Object.entries(KINDS).map(([before, after]) => sql`WHEN ${before} THEN ${after}`);
  await sql`
    UPDATE run_events SET kind = CASE kind ${sql.join(renames, sql` `)} END
    WHERE kind IN (${sql.join(Object.keys(KINDS))})`.execute(kysely);
}
