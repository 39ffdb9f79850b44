import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An answer of the admin listener. */
export type AdminAnswer = { status: number; json: unknown; text: string; code: string | undefined };

/** Asks the admin listener with the token that lies in the secrets directory; `body` makes it a POST. */
export async function askAdmin(
  at: { adminUrl: string; secretsDir: string },
  path: string,
  body?: unknown,
): Promise<AdminAnswer> {
  const token = readFileSync(join(at.secretsDir, 'service/admin-token'), 'utf8').trim();
  const response = await fetch(`${at.adminUrl}${path}`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const json: unknown = isJson ? JSON.parse(text) : undefined;
  const error = (json as { error?: { code: string } } | undefined)?.error;
  return { status: response.status, json, text, code: error?.code };
}
