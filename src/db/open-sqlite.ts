import { CamelCasePlugin, Kysely } from 'kysely';
import type { Db } from './database.ts';
import { readInstallation, readMarkKey } from './meta.ts';
import { migrate } from './migrate.ts';
import { createNotices } from './notices.ts';
import { programVersion } from './program-version.ts';
import { createSqliteDialect } from './sqlite/dialect.ts';
import { ensureSqliteFile } from './sqlite/file-there.ts';
import { startSqliteThread } from './sqlite/thread.ts';

/** Opens a SQLite file and makes it if there was none; notices go no further than this process. */
export async function openSqlite(file: string): Promise<Db> {
  await ensureSqliteFile(file);
  const kysely = new Kysely<unknown>({
    dialect: createSqliteDialect(await startSqliteThread(file)),
    plugins: [new CamelCasePlugin()],
  });
  const notices = createNotices();
  try {
    await migrate(kysely, file, programVersion());
    return {
      kind: 'sqlite',
      kysely,
      installation: await readInstallation(kysely),
      markKey: await readMarkKey(kysely),
      transaction: async (work) => await kysely.transaction().execute(work),
      notify: async (channel, payload) => notices.notify(channel, payload),
      listen: notices.listen,
      close: async () => await kysely.destroy(),
    };
  } catch (error) {
    await kysely.destroy();
    throw error;
  }
}
