import { rm } from 'node:fs/promises';
import { systemClock } from '../../../base/clock.ts';
import { asFlowError, type FlowError, IssuesError } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import { quoted } from '../../../base/text.ts';
import type { Config } from '../../../config/config.ts';
import {
  createPassphrases,
  makeKeyFile,
  nextKeyFile,
  readKeyFile,
  takeNextKey,
} from '../../../credentials/secrets/passphrase.ts';
import type { Passphrases } from '../../../credentials/secrets/secret-store.ts';
import { createSecretStores, type SecretStores } from '../../../credentials/secrets/secret-stores.ts';
import type { Io } from '../../terminal/io.ts';
import { plain, printJson } from '../../terminal/output.ts';
import { usage } from '../../terminal/usage.ts';
import { askNewPassphrase, unlockStores } from '../shared/unlock.ts';

/** `to` is where the new passphrase is kept. */
export type RotateOptions = { to?: string; json?: true };

/**
 * Rewrites every store. It first opens them all, with the old passphrase or the new one, so it can be repeated after an
 * interruption: automatically with a key file, else with the same old and new passphrase. The key file changes last.
 *
 * Throws `secret_stores_not_rotated` before anything is changed when a store opens with neither.
 */
export async function rotateStores(io: Io, config: Config, options: RotateOptions): Promise<void> {
  const before = await keptIn(config);
  const known = createSecretStores({
    secretsDir: config.secretsDir,
    passphrases: async () => [],
    clock: systemClock,
  });
  if (known.existing().length === 0) throw nothingToRotate();
  const to = kindOf(options.to) ?? before;
  const old = await oldPassphrases(io, config);
  const next = to === 'passphrase' ? await newPassphrase(io) : undefined;
  const offered: Passphrases = async () => {
    // A given passphrase hides the key files, and an earlier try may have written stores under the next one.
    const left = await readKeyFile(nextKeyFile(config.keyFile));
    return [...(await old()), next, left].filter((each) => each !== undefined);
  };
  const stores = createSecretStores({
    secretsDir: config.secretsDir,
    passphrases: offered,
    clock: systemClock,
  });
  const files = await stores.locked(async () => {
    await openAll(stores);
    const key = next ?? (await nextKey(config.keyFile));
    const existing = stores.existing();
    for (const store of existing) await store.reseal(key);
    if (to === 'key-file') await takeNextKey(config.keyFile);
    else for (const file of [config.keyFile, nextKeyFile(config.keyFile)]) await rm(file, { force: true });
    return existing.map(({ file }) => file);
  });
  if (options.json) printJson(io, { to, files });
  else report(io, config, { before, to, files });
}

type Kind = 'passphrase' | 'key-file';

/** Where the passphrase is kept now; a key file serves when none is given. */
async function keptIn(config: Config): Promise<Kind> {
  if (config.passphrase) return 'passphrase';
  return (await readKeyFile(config.keyFile)) ? 'key-file' : 'passphrase';
}

function kindOf(to: string | undefined): Kind | undefined {
  if (to === undefined || to === 'passphrase' || to === 'key-file') return to;
  throw usage(`--to is ${quoted(to, 80)}.`, 'Write passphrase or key-file.');
}

/** What opens the stores now; a person is asked once for each command. */
async function oldPassphrases(io: Io, config: Config): Promise<Passphrases> {
  const known = createPassphrases({ given: () => config.passphrase, keyFile: config.keyFile });
  if ((await known()).length > 0 || !io.canAsk()) return known;
  const { passphrases } = await unlockStores(io, config, 'read');
  return passphrases;
}

async function newPassphrase(io: Io): Promise<Secret> {
  const typed =
    io.isInputTerminal && io.canAsk() ? await askNewPassphrase(io, 'all stores', undefined) : undefined;
  const text = typed?.reveal() ?? (io.isInputTerminal ? '' : (await io.readInput()).replace(/\r?\n$/, ''));
  if (text !== '') return new Secret(text);
  throw usage(
    'The new passphrase is empty.',
    'Type it, give it on standard input, or use --to key-file for a random one.',
  );
}

/** Reuses the one of an earlier try, because stores may be written under it. */
async function nextKey(keyFile: string): Promise<Secret> {
  const file = nextKeyFile(keyFile);
  return (await readKeyFile(file)) ?? (await makeKeyFile(file));
}

async function openAll(stores: SecretStores): Promise<void> {
  const issues: FlowError[] = [];
  for (const store of stores.existing())
    await store.read().catch((error: unknown) => issues.push(asFlowError(error)));
  if (issues.length > 0) throw notRotated(issues);
}

function nothingToRotate(): FlowError {
  return usage('There is no store to rotate.', '`github-flows secret set NAME` creates the first one.');
}

function notRotated(issues: readonly FlowError[]): IssuesError {
  return new IssuesError(
    {
      code: 'secret_stores_not_rotated',
      blame: 'operator',
      message: `${issues.length === 1 ? 'One store does' : `${issues.length} stores do`} not open, so no store was changed.`,
      hint: 'Fix or remove what is listed below, then run it again. After an interrupted rotation, give the same old and new passphrase again.',
    },
    issues.map((issue) => issue.toProblem()),
  );
}

function report(
  io: Io,
  { keyFile, passphrase }: Config,
  { before, to, files }: { before: Kind; to: Kind; files: readonly string[] },
): void {
  const count = files.length === 1 ? 'One store was' : `${files.length} stores were`;
  io.out(plain(`${count} rewritten.\n${files.map((file) => `  ${file}\n`).join('')}`));
  if (to === 'key-file') io.out(plain(`The new passphrase is in ${keyFile}; keep a copy elsewhere.\n`));
  if (to === 'key-file' && passphrase) io.out('Remove GITHUB_FLOWS_PASSPHRASE, then restart the service.\n');
  if (to === 'passphrase' && (passphrase || before === 'key-file'))
    io.out('Set GITHUB_FLOWS_PASSPHRASE to the new passphrase, then restart the service.\n');
}
