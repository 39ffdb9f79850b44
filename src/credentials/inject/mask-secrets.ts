import { Secret } from '../../base/secret.ts';
import type { Redactor } from '../../log/redact.ts';
import { openDirectory } from '../private-file.ts';
import { readTree, type TreeFile } from '../read-tree.ts';
import { secretValues } from './secret-values.ts';

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
 * Masks what a run was handed before this service started, so that its logs can be taken up again. A directory that is
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
