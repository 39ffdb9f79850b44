import type { Command } from 'commander';
import type { FlowError } from '../../../base/errors.ts';
import { AGENTS } from '../../../compose/agents.ts';
import type { Config } from '../../../config/config.ts';
import {
  createNamedSecrets,
  type NamedSecrets,
  secretMissing,
} from '../../../credentials/inject/named-secrets.ts';
import { checkSecretName, checkSecretValue } from '../../../credentials/secrets/secret-rules.ts';
import type { SecretStore } from '../../../credentials/secrets/secret-store.ts';
import type { SecretStores } from '../../../credentials/secrets/secret-stores.ts';
import type { Io } from '../../terminal/io.ts';
import { plain, printJson, problemText } from '../../terminal/output.ts';
import { usage } from '../../terminal/usage.ts';
import { readConfig } from '../shared/stores.ts';
import { unlockStores } from '../shared/unlock.ts';
import { listSecrets } from './list.ts';
import { profileFolder } from './profile.ts';
import { type RotateOptions, rotateStores } from './rotate.ts';

type Options = { profile?: string; json?: true };

const PROFILE = [
  '--profile <path>',
  'use the store of this profile: its folder below the profiles directory',
] as const;

/** `secret set|get|list|delete|rotate`. */
export function addSecretCommand(program: Command, io: Io): void {
  const secret = program
    .command('secret')
    .description('Manage encrypted secrets for the runs that name them.');
  secret
    .command('set <name> [value]')
    .description('Store a value, typed without echo or read from standard input.')
    .option(...PROFILE)
    .option('--json', 'print JSON')
    .action(
      async (name: string, value: string | undefined, options: Options) =>
        await set(io, name, value, options),
    );
  secret
    .command('get <name>')
    .description('Show where the value of a secret comes from.')
    .option(PROFILE[0], 'as this profile gets it')
    .option('--reveal', 'print only the value on standard output')
    .option('--json', 'print JSON')
    .action(async (name: string, options: Options & { reveal?: true }) => await get(io, name, options));
  secret
    .command('list')
    .description('List the names of all secrets and where each comes from; prints no value.')
    .option(PROFILE[0], 'as this profile gets them')
    .option('--json', 'print one JSON array')
    .action(async (options: Options) => {
      const { config, stores, named } = await openAll(io, 'read', () => {});
      const path =
        options.profile === undefined ? undefined : profileFolder(io, config.profilesDir, options.profile);
      await listSecrets(io, {
        secretsDir: config.secretsDir,
        stores,
        named,
        path,
        json: options.json === true,
      });
    });
  secret
    .command('delete <name>')
    .description('Delete a secret from a store.')
    .option(...PROFILE)
    .option('--json', 'print JSON')
    .action(async (name: string, options: Options) => await remove(io, name, options));
  secret
    .command('rotate')
    .description('Rewrite every store under a new passphrase and salt.')
    .option(
      '--to <kind>',
      'where the new passphrase is kept: passphrase (by you) or key-file (default: as now)',
    )
    .option('--json', 'print JSON')
    .action(async (options: RotateOptions) => await rotateStores(io, readConfig(io), options));
}

async function set(io: Io, name: string, argument: string | undefined, options: Options): Promise<void> {
  checkSecretName(name, AGENTS);
  const config = readConfig(io);
  const path =
    options.profile === undefined ? undefined : profileFolder(io, config.profilesDir, options.profile);
  // Before a first key is created, because nothing is stored.
  if (argument !== undefined && argument !== '-') checkSecretValue(name, argument);
  const stores = await unlockStores(io, config, 'write');
  const value = await secretValue(io, name, argument);
  checkSecretValue(name, value);
  const store = storeOf(stores, path);
  let isNew = true;
  await store.update((values) => {
    isNew = !values.has(name);
    values.set(name, value);
  });
  if (options.json) printJson(io, { name, profile: path ?? null, file: store.file, isNew });
  else io.out(`${name} was ${isNew ? 'stored in' : 'changed in'} ${plain(store.file)}.\n`);
}

async function get(io: Io, name: string, options: Options & { reveal?: true }): Promise<void> {
  checkSecretName(name, AGENTS);
  const { config, named } = await openAll(io, 'read');
  const path =
    options.profile === undefined ? undefined : profileFolder(io, config.profilesDir, options.profile);
  const places = await named.places(path);
  const place = places.find(({ values }) => values.has(name));
  if (!place) throw secretMissing([name], path, places);
  const { source, file } = place;
  const value = place.values.get(name) ?? '';
  if (options.json) {
    printJson(io, { name, source, file: file ?? null, ...(options.reveal ? { value } : {}) });
    return;
  }
  // Only the value is on standard output, for `$(… --reveal)` and `… --reveal > file`.
  const print = options.reveal ? io.err : io.out;
  print(`${name} comes from ${plain(sourceText(source, file, name))}.\n`);
  if (options.reveal) io.out(value.endsWith('\n') ? value : `${value}\n`);
}

async function remove(io: Io, name: string, options: Options): Promise<void> {
  const { config, stores } = await openAll(io, 'read');
  const path =
    options.profile === undefined ? undefined : profileFolder(io, config.profilesDir, options.profile);
  const store = storeOf(stores, path);
  const values = await store.read();
  if (!values.has(name)) throw secretMissing([name], path, [placeOf(store, path, values)]);
  await store.update((values) => void values.delete(name));
  if (options.json) printJson(io, { name, profile: path ?? null, file: store.file });
  else io.out(`${name} was deleted from ${plain(store.file)}.\n`);
}

async function openAll(
  io: Io,
  purpose: 'read' | 'write',
  drop = (issue: FlowError): void => io.err(problemText(issue.toProblem())),
): Promise<{ config: Config; stores: SecretStores; named: NamedSecrets }> {
  const config = readConfig(io);
  const stores = await unlockStores(io, config, purpose);
  const { secretsOrder: order, environment } = config;
  return { config, stores, named: createNamedSecrets({ stores, order, agents: AGENTS, environment, drop }) };
}

function storeOf(stores: SecretStores, path: string | undefined): SecretStore {
  return path === undefined ? stores.global() : stores.profile(path);
}

function placeOf(store: SecretStore, path: string | undefined, values: ReadonlyMap<string, string>) {
  const source = path === undefined ? ('global' as const) : ('profile' as const);
  return { source, file: store.file, values, issue: undefined };
}

function sourceText(source: string, file: string | undefined, name: string): string {
  if (file === undefined) return `the environment, the variable GITHUB_FLOWS_SECRET_${name}`;
  return `${source === 'profile' ? 'the profile' : 'the global store'}, ${file}`;
}

/** Shorter values occur in too many ordinary words to be masked. */
const MASKED_FROM = 6;

/**
 * The value of a secret: the argument, with a warning; else standard input (`-`, or where that is no terminal); else what
 * is typed without being shown. A single line from standard input loses its line end, a longer text is kept to the byte.
 */
async function secretValue(io: Io, name: string, argument: string | undefined): Promise<string> {
  const value = await readValue(io, name, argument);
  if (value.length > 0 && value.length < MASKED_FROM)
    io.err(`${name} has fewer than ${MASKED_FROM} characters, so it is not masked in logs and comments.\n`);
  return value;
}

async function readValue(io: Io, name: string, argument: string | undefined): Promise<string> {
  if (argument !== undefined && argument !== '-') {
    io.err(
      `The value was on the command line, where other processes and your shell’s history can see it. Next time give it on standard input, or omit it and type it.\n`,
    );
    return argument;
  }
  if (argument !== '-' && io.isInputTerminal) {
    if (!io.canAsk()) throw nobodyToAsk(name);
    return await io.askHidden(`Value of ${name}: `, true);
  }
  const input = await io.readInput();
  return /^[^\r\n]*\r?\n$/.test(input) ? input.trimEnd() : input;
}

function nobodyToAsk(name: string): FlowError {
  return usage(
    'Standard input is a terminal but standard error is not, so the prompt would be invisible.',
    `Give the value on standard input: \`github-flows secret set ${name} < file\`.`,
  );
}
