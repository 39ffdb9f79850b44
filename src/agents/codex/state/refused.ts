import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError } from '../../../base/errors.ts';
import { type Owner, writeAtomic } from '../../../base/files.ts';
import { readEntry } from '../../../credentials/private-file.ts';
import type { CodexAuth } from './auth.ts';

/** Lies in the state: which refresh token the login server refused, as a digest, and when; a new login makes it void. */
const FILE = '.github-flows-refused.json';

const MAX_BYTES = 4096;

/** A digest that identifies a token. */
export function tokenPrint(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** When (milliseconds since 1970) the login server refused to renew this very login; null when it never did. */
export async function refusedAt(directory: FileHandle, dir: string, auth: CodexAuth): Promise<number | null> {
  if (auth.mode !== 'chatgpt') return null;
  const reading = await readEntry(directory, join(dir, FILE), MAX_BYTES);
  if (!('content' in reading)) return null;
  try {
    const { refreshPrint, at } = JSON.parse(reading.content.toString());
    return refreshPrint === tokenPrint(auth.refreshToken) && typeof at === 'number' ? at : null;
  } catch {
    return null;
  }
}

/** Writes down that the login server refused this refresh token, for `codex status` and for the next start. */
export async function recordRefusedLogin(
  dir: string,
  refused: { refreshPrint: string; at: number },
  owner: Owner,
): Promise<void> {
  await writeAtomic(join(dir, FILE), `${JSON.stringify(refused)}\n`, { mode: 0o600, owner });
}

/** The server refuses the refresh token: it was used elsewhere, has expired, or was revoked. */
export function refreshRefused(dir: string): FlowError {
  return new FlowError({
    code: 'codex_refresh_refused',
    blame: 'operator',
    message: `OpenAI’s login server did not renew the Codex login in ${dir}: its refresh token was used elsewhere, has run out, or was revoked.`,
    hint: 'Log in again with `github-flows codex login`.',
  });
}
