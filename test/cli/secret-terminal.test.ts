import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { startTerminal } from '../support/processes/pseudo-terminal.ts';
import { runCommand } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const PROGRAM = resolve(import.meta.dirname, '../../bin/github-flows');

test('on a terminal the passphrase and a pasted value are asked for, and neither is shown', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'secrets'), { mode: 0o700 });
  const settings = { SECRETS_DIR: join(directory, 'secrets'), PATH: process.env.PATH ?? '', TERM: 'xterm' };
  const terminal = startTerminal([PROGRAM, 'secret', 'set', 'ONE'], settings, { rows: 24, columns: 200 });
  await terminal.shows('New passphrase');
  terminal.type('typed passphrase\r');
  await terminal.shows('Repeat it');
  terminal.type('typed passphrase\r');
  await terminal.shows('Value of ONE: ');
  terminal.type('\u001b[200~pasted line one\rpasted line two\r\u001b[201~\r');
  expect(await terminal.ended).toBe(0);
  expect(terminal.shown()).toContain('ONE was stored');
  expect(terminal.shown()).not.toMatch(/typed|pasted/);
  const known = { ...settings, GITHUB_FLOWS_PASSPHRASE: 'typed passphrase' };
  const { out } = await runCommand(directory, known, 'secret', 'get', 'ONE', '--reveal');
  expect(out).toBe('pasted line one\npasted line two\n');
});
