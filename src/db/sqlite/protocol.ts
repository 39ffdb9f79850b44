import type { SQLInputValue } from 'node:sqlite';

/** What the thread that holds the file is asked to do; answers carry the same `id`. */
export type ThreadRequest =
  | { id: number; file: string }
  | { id: number; sql: string; parameters: readonly SQLInputValue[] }
  | { id: number; close: true };

/** What a statement gave. */
export type StatementResult = {
  rows: unknown[];
  changes: number | bigint | undefined;
  lastInsertRowid: number | bigint | undefined;
};

/** An error of `node:sqlite`, as far as it can travel between threads; `errcode` is SQLite's own. */
export type ThreadError = { message: string; code: string | undefined; errcode: number | undefined };

/** The answer to a request. */
export type ThreadAnswer = { id: number } & ({ result: StatementResult } | { issue: ThreadError });

/** The answer of what gives no rows. */
export const NO_RESULT: StatementResult = { rows: [], changes: undefined, lastInsertRowid: undefined };
