import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createDeliveryStore } from '../../src/deliveries/delivery-store.ts';
import { exec } from '../../src/programs/exec.ts';
import { openNewSqlite } from '../support/databases/migrated.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const SHOW = `"$NODE" "${MAIN}" deliveries show large --json`;

let dir: string;

beforeEach(async () => {
  dir = await temporaryDirectory();
  const db = await openNewSqlite(join(dir, 'var/github-flows.db'));
  const words = Array.from({ length: 100_000 }, (_, index) => `word number ${index}`);
  const body = Buffer.from(JSON.stringify({ words }));
  await createDeliveryStore(db, systemClock).store({
    id: 'large',
    event: 'push',
    headers: {},
    body,
    action: null,
    repository: null,
    uniqueBody: false,
  });
  await db.close();
});

const sh = (command: string) =>
  exec('bash', ['-c', command], {
    cwd: dir,
    env: { PATH: process.env.PATH ?? '', HOME: dir, NODE: process.execPath },
  });

describe('a command in a pipe', () => {
  test('gives a slow reader everything before it ends', async () => {
    const read = '(sleep 0.5; "$NODE" -p \'JSON.parse(fs.readFileSync(0, "utf8")).payload.words.length\')';
    expect(await sh(`${SHOW} | ${read}`)).toMatchObject({ stdout: '100000\n', stderr: '' });
  });

  test('ends quietly when its reader has gone', async () => {
    const { stdout, stderr } = await sh(`${SHOW} | head -n 1; echo "ended with \${PIPESTATUS[0]}"`);
    expect(stdout).toBe('{\nended with 143\n');
    expect(stderr).toBe('');
  });
});
