import type { Db } from '../../db/open.ts';
import type { Run } from '../run.ts';
import { RUN_COLUMNS, runTables, toRun } from '../tables.ts';

/** The newest runs of one issue, pull request or discussion, newest first; the repository is known by GitHub's number, which survives renames. */
export async function runsOfThread(
  db: Db,
  thread: { repositoryId: number; issueNumber: number },
  limit: number,
): Promise<Run[]> {
  const rows = await runTables(db.kysely)
    .selectFrom('runs')
    .select(RUN_COLUMNS)
    .where('repositoryId', '=', thread.repositoryId)
    .where('issueNumber', '=', thread.issueNumber)
    .orderBy('queuedAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toRun);
}

/** The names (`owner/name`) under which runs of a repository were made; more than one after a rename. */
export async function namesOfRepository(db: Db, repositoryId: number): Promise<string[]> {
  const rows = await runTables(db.kysely)
    .selectFrom('runs')
    .select('repository')
    .distinct()
    .where('repositoryId', '=', repositoryId)
    .execute();
  return rows.map(({ repository }) => repository);
}
