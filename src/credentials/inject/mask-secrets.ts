import { parse } from 'smol-toml';
import { Secret } from '../../base/secret.ts';
import type { Redactor } from '../../log/redact.ts';
import { openDirectory } from '../private-file.ts';
import { readTree, type TreeFile } from '../read-tree.ts';
import { SSH_KNOWN_HOSTS } from '../secrets/secret-rules.ts';

/** Values that the redactor knows from now on; `forget` takes them back, once. */
export type MaskedSecrets = { values: readonly Secret[]; forget(): void };

/** Larger than anything that is delivered (see `copyCredential`), taken together. */
const LIMITS = { entries: 40_000, bytes: 256 * 1024 * 1024, depth: 20 };

/** Masks the secret values in `files` (paths relative to the run's secrets directory), and those that were `withheld`. */
export function maskSecrets(
  files: readonly TreeFile[],
  withheld: readonly Secret[],
  redactor: Redactor,
): MaskedSecrets {
  const found = new Set(files.flatMap((file) => secretValues(file.path, file.content)));
  const values = [...found].map((value) => new Secret(value));
  const forgets = [...values, ...withheld].map((secret) => redactor.add(secret.reveal()));
  return {
    values,
    forget() {
      for (const forget of forgets.splice(0)) forget();
    },
  };
}

/**
 * Masks what a run was granted before this service started, so that its logs can be resumed. A directory that is
 * not there holds nothing. Throws `agent_state_too_large` and `agent_state_unreadable`.
 */
export async function maskDelivered(secretsDir: string, redactor: Redactor): Promise<MaskedSecrets> {
  const directory = await openDirectory(secretsDir);
  if ('kind' in directory) return { values: [], forget() {} };
  try {
    return maskSecrets(await readTree(directory, secretsDir, LIMITS), [], redactor);
  } finally {
    await directory.close();
  }
}

/** Shorter values are too likely to be part of an ordinary word. */
const MIN_LENGTH = 6;
/** A limit, so that no file can slow down every log line. */
const MAX_VALUES = 200;

const SECRET_KEY = /token|secret|passw|api_?-?key|private_?-?key|credential|authorization|bearer/i;
/** Keys whose value only leads to a secret. */
const POINTER_KEY =
  /(_|-)?(env_var|env_key|url|uri|endpoint|store|file|path|type|name|helper|expires?(_?at)?)$/i;
const LOOKS_RANDOM = /^(?=.*\d)(?=.*[A-Za-z])[\w.~+/=-]{20,}$/;

/**
 * The values in a delivered file that logs must not show. `path` is relative to the run's secrets directory: a file
 * directly in it is a credential, which counts as a whole, and so does whatever in it may be a secret (but host keys are
 * none); in an agent's state only what JSON and TOML files keep under a telling key does, for the rest is settings that
 * logs may name.
 */
export function secretValues(path: string, content: Buffer): string[] {
  if (path === SSH_KNOWN_HOSTS) return [];
  const state = path.includes('/');
  const text = content.toString();
  const data = parseData(path, text);
  let values: string[] = [];
  if (data !== undefined) values = leaves(data, '', !state);
  else if (!state) values = textValues(text);
  if (!state) values = [text.trim(), ...values];
  const spread = values.flatMap((value) => [value, value.replace(/^(bearer|basic|token)\s+/i, '')]);
  return [...new Set(spread)].filter((value) => value.length >= MIN_LENGTH).slice(0, MAX_VALUES);
}

function parseData(path: string, text: string): unknown {
  try {
    if (path.endsWith('.toml')) return parse(text, { integersAsBigInt: 'asNeeded' });
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? data : undefined;
  } catch {
    return undefined;
  }
}

function leaves(value: unknown, key: string, all: boolean): string[] {
  if (typeof value === 'string') {
    const isSecret = SECRET_KEY.test(key) && !POINTER_KEY.test(key);
    return isSecret || (all && LOOKS_RANDOM.test(value)) ? [value] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    leaves(child, Array.isArray(value) ? key : name, all),
  );
}

/** Whole lines, what stands after `NAME=` or `name:`, words that look like tokens, and words after `password`. */
function textValues(text: string): string[] {
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('-----'))
    .flatMap((line) => {
      const assigned = line.replace(/^[^=:\s]+\s*[=:]\s*/, '').replace(/^(["'])(.*)\1$/, '$2');
      const words = line.split(/\s+/).filter((word, at, all) => {
        return LOOKS_RANDOM.test(word) || SECRET_KEY.test(all[at - 1] ?? '');
      });
      return [line, assigned, ...words];
    });
}
