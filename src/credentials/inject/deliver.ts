import { lchown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Agent, Lifetime } from '../../agents/agent.ts';
import { FlowError } from '../../base/errors.ts';
import { makeDirectory, type Owner, removeTree, writeAtomic } from '../../base/files.ts';
import type { Secret } from '../../base/secret.ts';
import type { Redactor } from '../../log/redact.ts';
import { type Copy, copyCredential } from './copy-credential.ts';
import { type MaskedSecrets, maskSecrets } from './mask-secrets.ts';

/** What of a checked mount matters here: its kind, and for a credential its name below `/run/secrets` and its source. */
export type DeliverableMount =
  | { kind: 'credential' | 'agent-state'; name: string; source: string }
  | { kind: 'bind' | 'tmpfs' };

/** The credentials of a run. */
export type DeliveredCredentials = {
  /** Names below `/run/secrets`: `gh-token`, the names of agents, … */
  names: readonly string[];
  /** Every secret value in the copies, for `findSecrets` in the finished workspace. */
  values: readonly Secret[];
  /** Lets the redactor forget the values; to be called when nothing of this run is logged any more. Twice is harmless. */
  forget(): void;
};

/** One credential still to be read: its name below `/run/secrets`, and the reading, which throws the codes of `copyCredential`. */
type CredentialReading = { name: string; read(times: Lifetime): Promise<Copy> };

/**
 * The reading of each credential among `mounts`, to be done at will: a token file becomes its exact value without a
 * line end, an agent's state becomes its share, which has to last until `untilMs`.
 * Throws `credential_name_invalid` and `credential_name_twice`.
 */
export function credentialReadings(
  mounts: readonly DeliverableMount[],
  agents: readonly Agent[],
): CredentialReading[] {
  return wanted(mounts).map(({ name, source }) => ({
    name,
    read: async (times) => await copyCredential({ name, source, times }, agents),
  }));
}

/**
 * Writes private copies of credentials into `secretsDir`, the run's own directory that is bound read-only at
 * `/run/secrets`; what an earlier attempt left there is removed. The directory (0700) and what is in it belong to
 * `owner`, the user in the container: files directly in it 0400, states 0600 and 0700, for a start script copies them on.
 *
 * All values, and the refresh tokens that are withheld, are masked from before the first byte is written.
 * Throws `credential_name_twice` and `refresh_token_in_copy`; then nothing is left behind.
 */
export async function deliverCredentials(parts: {
  secretsDir: string;
  owner: Owner;
  copies: readonly Copy[];
  redactor: Redactor;
}): Promise<DeliveredCredentials> {
  const { copies } = parts;
  refuseSharedNames(copies);
  refuseRefreshTokens(copies);
  const files = copies.flatMap((copy) => copy.files);
  const withheld = copies.flatMap((copy) => copy.withheld);
  const { values, forget } = maskSecrets(files, withheld, parts.redactor);
  try {
    await removeSecrets(parts.secretsDir);
    await makeDirectory(parts.secretsDir, { mode: 0o700, owner: parts.owner });
    for (const copy of copies) await writeCopy(parts.secretsDir, copy, parts.owner);
  } catch (error) {
    forget();
    await removeSecrets(parts.secretsDir).catch(() => {});
    throw error;
  }
  return { names: copies.map((copy) => copy.name), values, forget };
}

/** Removes the credentials of a run; a missing directory is no error. */
export async function removeSecrets(secretsDir: string): Promise<void> {
  await removeTree(secretsDir);
}

/** The credentials to copy, each name once; a name is a plain file name. */
function wanted(mounts: readonly DeliverableMount[]): { name: string; source: string }[] {
  const sources = new Map<string, string>();
  for (const mount of mounts) {
    if (mount.kind !== 'credential' && mount.kind !== 'agent-state') continue;
    if (!/^[\w.-]{1,255}$/.test(mount.name) || /^\.+$/.test(mount.name)) throw nameInvalid(mount.name);
    const other = sources.get(mount.name);
    if (other !== undefined && other !== mount.source) throw nameTwice(mount.name);
    sources.set(mount.name, mount.source);
  }
  return [...sources].map(([name, source]) => ({ name, source }));
}

/** A mount and a granted value, or two of these, may not be one file. */
function refuseSharedNames(copies: readonly Copy[]): void {
  const seen = new Set<string>();
  for (const { name } of copies) {
    if (seen.has(name)) throw nameTwice(name);
    seen.add(name);
  }
}

/** The last check of every byte: no copy may have a refresh token, not even in a configuration file. */
function refuseRefreshTokens(copies: readonly Copy[]): void {
  for (const secret of copies.flatMap((copy) => copy.withheld)) {
    const file = copies.flatMap((copy) => copy.files).find((each) => each.content.includes(secret.reveal()));
    if (file) throw refreshTokenInCopy(file.path);
  }
}

async function writeCopy(secretsDir: string, copy: Copy, owner: Owner): Promise<void> {
  const made = new Set([secretsDir]);
  const makeFolder = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
    await lchown(path, owner.uid, owner.gid);
    made.add(path);
  };
  if (copy.directory) await makeFolder(join(secretsDir, copy.name));
  for (const file of copy.files) {
    const path = join(secretsDir, file.path);
    if (!copy.directory) {
      await writeAtomic(path, file.content, { mode: 0o400, owner });
      continue;
    }
    await makeFolder(dirname(path));
    await writeFile(path, file.content, { flag: 'wx', mode: file.executable ? 0o700 : 0o600 });
    await lchown(path, owner.uid, owner.gid);
  }
}

function nameInvalid(name: string): FlowError {
  return new FlowError({
    code: 'credential_name_invalid',
    blame: 'profile',
    message: `${JSON.stringify(name)} cannot be the name of a credential below /run/secrets.`,
    hint: 'Use letters, digits, dots, dashes and underscores in the last part of the mount destination.',
  });
}

function nameTwice(name: string): FlowError {
  return new FlowError({
    code: 'credential_name_twice',
    blame: 'profile',
    message: `Two credentials of this run would both be /run/secrets/${name}.`,
    hint: 'Mount one of them at another destination directly below /run/secrets, or give the secret another name.',
  });
}

function refreshTokenInCopy(path: string): FlowError {
  return new FlowError({
    code: 'refresh_token_in_copy',
    blame: 'operator',
    message: `The file ${path} of the credentials of this run contains the refresh token of an agent’s login, which no container may have.`,
    hint: 'Remove the token from that file in the state directory; it belongs into the login file alone.',
  });
}

/**
 * Replaces the credential `name` of an active run with `value`: masked first, then written beside it,
 * closed to others, and renamed inside the directory, so that a reader finds the old one or the new one, whole. Gives
 * undefined when it is there already. Throws the system's errors, `ENOENT` when the run's directory is gone.
 */
export async function renewCredential(parts: {
  secretsDir: string;
  name: string;
  value: Secret;
  owner: Owner;
  redactor: Redactor;
}): Promise<MaskedSecrets | undefined> {
  const path = join(parts.secretsDir, parts.name);
  const value = parts.value.reveal();
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === value) return undefined;
  const forget = parts.redactor.add(value);
  try {
    await writeAtomic(path, value, { mode: 0o400, owner: parts.owner });
  } catch (error) {
    forget();
    throw error;
  }
  return { values: [parts.value], forget };
}
