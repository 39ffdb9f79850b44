/** `open-database FILE [ROWS NAME]`: prints the installation, writes that many rows into table `t`, and does not close. */
import { sql } from 'kysely';
import { openDatabase } from '../../../src/db/open.ts';

const [file = '', rows = '0', name = ''] = process.argv.slice(2);
const db = await openDatabase({ file });
process.stdout.write(`${db.installation}\n`);
for (let row = 0; row < Number(rows); row += 1)
  await db.transaction(async (trx) => {
    await sql`SELECT count(*) FROM t`.execute(trx);
    await sql`INSERT INTO t VALUES (${name + row}, '')`.execute(trx);
  });
