/** `hold-write FILE MS`: holds the database's write lock that long, says when it has it, then commits a row. */
import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync(process.argv[2] ?? '');
database.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES ('held', '')");
process.stdout.write('held\n');
setTimeout(() => database.exec('COMMIT'), Number(process.argv[3]));
