import type { Clock } from '../../base/clock.ts';
import type { Db } from '../../db/open.ts';

/** The accounts that the service speaks as on GitHub, each remembered under the credential it was learnt with. */
export type OwnAccounts = {
  /** Remembers whose a credential is; its account before that is forgotten. */
  learn(credential: string, account: { login: string; id: number | null }): Promise<void>;
  /** Whose the credential was by GitHub's last answer. */
  of(credential: string): Promise<{ login: string; id: number | null } | undefined>;
  /** Whether any credential belongs to this account: by its id, which stays when it is renamed, or by its login without case. */
  has(login: string, id?: number): Promise<boolean>;
};

type OwnTables = {
  ownAccounts: { credential: string; login: string; learnedAt: number; accountId: number | null };
};

/** The memory over an open database. */
export function createOwnAccounts(db: Db, clock: Clock): OwnAccounts {
  const tables = db.kysely.withTables<OwnTables>();
  return {
    async learn(credential, { login, id }) {
      const row = { login: login.toLowerCase(), accountId: id, learnedAt: clock.now() };
      await tables
        .insertInto('ownAccounts')
        .values({ credential, ...row })
        .onConflict((conflict) => conflict.column('credential').doUpdateSet(row))
        .execute();
    },
    async of(credential) {
      const row = await tables
        .selectFrom('ownAccounts')
        .selectAll()
        .where('credential', '=', credential)
        .executeTakeFirst();
      return row && { login: row.login, id: row.accountId };
    },
    async has(login, id) {
      const found = await tables
        .selectFrom('ownAccounts')
        .select('login')
        .where((where) => {
          const byLogin = where('login', '=', login.toLowerCase());
          if (id === undefined) return byLogin;
          return where.or([where('accountId', '=', id), byLogin]);
        })
        .executeTakeFirst();
      return found !== undefined;
    },
  };
}
