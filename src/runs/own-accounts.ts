import type { Clock } from '../base/clock.ts';
import type { Db } from '../db/open.ts';

/** The accounts that the service speaks as on GitHub, each remembered under the credential it was learnt with. */
export type OwnAccounts = {
  /** Remembers whose a credential is; its account before that is forgotten. */
  learn(credential: string, login: string): Promise<void>;
  /** Whose the credential was when GitHub last told. */
  of(credential: string): Promise<{ login: string } | undefined>;
  /** Whether any credential belongs to this login; logins compare without case. */
  has(login: string): Promise<boolean>;
};

type OwnTables = { own_accounts: { credential: string; login: string; learned_at: number } };

/** The memory over an open database. */
export function createOwnAccounts(db: Db, clock: Clock): OwnAccounts {
  const tables = db.kysely.withTables<OwnTables>();
  return {
    async learn(credential, login) {
      const row = { login: login.toLowerCase(), learned_at: clock.now() };
      await tables
        .insertInto('own_accounts')
        .values({ credential, ...row })
        .onConflict((conflict) => conflict.column('credential').doUpdateSet(row))
        .execute();
    },
    async of(credential) {
      const row = await tables
        .selectFrom('own_accounts')
        .selectAll()
        .where('credential', '=', credential)
        .executeTakeFirst();
      return row && { login: row.login };
    },
    async has(login) {
      const found = await tables
        .selectFrom('own_accounts')
        .select('login')
        .where('login', '=', login.toLowerCase())
        .executeTakeFirst();
      return found !== undefined;
    },
  };
}
