import { createHash } from 'node:crypto';
import type { FlowError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';

/** What a token is cached and recorded by. */
export type TokenKey = {
  /** The key of its record. */
  app: string;
  host: string;
  /** `owner/name`. */
  repository: string;
  permissions: Readonly<Record<string, string>>;
};

/** What is known of the tokens of one key; times in milliseconds, null where there is none. */
export type TokenRecord = TokenKey & {
  mintedAt: number | null;
  expiresAt: number | null;
  /** Tries in vain since the last token. */
  failures: number;
  lastError: { code: string; message: string; at: number; nextTryAt: number } | null;
};

/** The rows behind `app list`; every process of an installation writes and sees the same. */
export type TokenRecords = {
  minted(key: TokenKey, at: { mintedAt: number; expiresAt: number }): Promise<void>;
  failed(
    key: TokenKey,
    failure: { error: FlowError; at: number; nextTryAt: number; failures: number },
  ): Promise<void>;
  /** The last touched first. */
  list(): Promise<TokenRecord[]>;
};

type Row = {
  id: string;
  app: string;
  host: string;
  repository: string;
  permissionsJson: string;
  touchedAt: number;
  mintedAt: number | null;
  expiresAt: number | null;
  failures: number;
  failedAt: number | null;
  errorCode: string | null;
  lastError: string | null;
  nextAt: number | null;
};

/** Rows that were not written for a week are deleted. */
const KEPT_MS = 7 * 86_400_000;

const LISTED = 1000;

/** The same text for the same key, in whatever order its permissions stand. */
export function tokenKeyText({ app, host, repository, permissions }: TokenKey): string {
  return JSON.stringify([app, host, repository.toLowerCase(), Object.entries(permissions).toSorted()]);
}

/** The records in the database; `mask` is applied to the message of a failure. */
export function createTokenRecords(db: Db, mask: (text: string) => string): TokenRecords {
  const tables = db.kysely.withTables<{ appTokens: Row }>();
  const write = async (key: TokenKey, at: number, change: Partial<Row>): Promise<void> => {
    const row = {
      id: createHash('sha256').update(tokenKeyText(key)).digest('hex'),
      app: key.app,
      host: key.host,
      repository: key.repository,
      permissionsJson: JSON.stringify(key.permissions),
      failures: 0,
      ...change,
      touchedAt: at,
    };
    await tables
      .deleteFrom('appTokens')
      .where('touchedAt', '<', at - KEPT_MS)
      .execute();
    await tables
      .insertInto('appTokens')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...change, touchedAt: at }))
      .execute();
  };
  return {
    async minted(key, { mintedAt, expiresAt }) {
      const success = { failures: 0, failedAt: null, errorCode: null, lastError: null, nextAt: null };
      await write(key, mintedAt, { ...success, mintedAt, expiresAt });
    },
    async failed(key, { error, at, nextTryAt, failures }) {
      await write(key, at, {
        failures,
        failedAt: at,
        errorCode: error.code,
        lastError: mask(error.message).slice(0, 2000),
        nextAt: nextTryAt,
      });
    },
    async list() {
      const rows = await tables
        .selectFrom('appTokens')
        .selectAll()
        .orderBy('touchedAt', 'desc')
        .limit(LISTED)
        .execute();
      return rows.map(recordOf);
    },
  };
}

function recordOf(row: Row): TokenRecord {
  const { errorCode: code, lastError: message, failedAt: at, nextAt: next } = row;
  return {
    app: row.app,
    host: row.host,
    repository: row.repository,
    permissions: JSON.parse(row.permissionsJson),
    mintedAt: row.mintedAt,
    expiresAt: row.expiresAt,
    failures: row.failures,
    lastError:
      code === null || at === null ? null : { code, message: message ?? '', at, nextTryAt: next ?? at },
  };
}
