import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Owner, writeAtomic } from '../../base/files.ts';
import type { Secret } from '../../base/secret.ts';
import type { Redactor } from '../../log/redact.ts';
import type { MaskedSecrets } from './mask-secrets.ts';

/**
 * Puts `value` in the place of the credential `name` that a living run was handed: masked first, then written beside it,
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
