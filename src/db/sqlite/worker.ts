/** The thread that holds a SQLite file: runs statements in the order they come, and waits for the disk in the service's place. */
import { parentPort } from 'node:worker_threads';
import { systemCode } from '../../base/errors.ts';
import { openSqliteFile, type SqliteFile } from './file.ts';
import { NO_RESULT, type StatementResult, type ThreadAnswer, type ThreadRequest } from './protocol.ts';

function answer(id: number, work: () => StatementResult): void {
  let message: ThreadAnswer;
  try {
    message = { id, result: work() };
  } catch (error) {
    const { message: text, errcode } = error as { message: string; errcode?: number };
    message = { id, issue: { message: text, code: systemCode(error), errcode } };
  }
  parentPort?.postMessage(message);
}

let file: SqliteFile | undefined;
parentPort?.on('message', (request: ThreadRequest) => {
  answer(request.id, () => {
    if ('sql' in request && file) return file.run(request.sql, request.parameters);
    file?.close();
    file = 'file' in request ? openSqliteFile(request.file) : undefined;
    return NO_RESULT;
  });
});
