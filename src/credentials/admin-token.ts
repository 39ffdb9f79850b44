import { link, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FlowError, systemCode } from '../base/errors.ts';
import { makeDirectory } from '../base/files.ts';
import { randomId } from '../base/ids.ts';
import { Secret } from '../base/secret.ts';
import { shellQuote } from '../base/text.ts';
import { describeFileIssue, readPrivateFile, serviceUid } from './private-file.ts';

/** 260 random bits. */
const TOKEN_LENGTH = 52;

/** What a token may look like that the admin has chosen. */
const TOKEN = /^[\x21-\x7e]{32,1024}$/;

/** Where the token lies that logs in on the admin listener. */
export function adminTokenFile(secretsDir: string): string {
  return join(secretsDir, 'service', 'admin-token');
}

/** The token of the admin listener, made (mode 0600) when there is none yet; any number of processes agree on one. Throws `admin_token_unusable` and `admin_token_not_made`. */
export async function readAdminToken(secretsDir: string): Promise<Secret> {
  const file = adminTokenFile(secretsDir);
  const options = { maxBytes: 4096, uid: serviceUid() };
  let reading = await readPrivateFile(file, options);
  if (reading.issues[0]?.kind === 'missing') {
    await makeToken(file);
    reading = await readPrivateFile(file, options);
  }
  const create = `Run \`rm -f ${shellQuote(file)}\` and start the service again: it makes a new one.`;
  if (!('content' in reading))
    throw unusable(describeFileIssue('The admin token', reading.issues[0], create));
  const text = reading.content.toString('utf8').trim();
  if (TOKEN.test(text)) return new Secret(text);
  throw unusable({
    message: `The admin token in ${file} is not 32 to 1024 characters without spaces on one line.`,
    hint: create,
  });
}

/** A file that is there, whatever is in it, stays; a new one appears whole. */
async function makeToken(file: string): Promise<void> {
  const temporary = `${file}.${randomId(8)}.tmp`;
  try {
    await makeDirectory(dirname(dirname(file)), { mode: 0o700 });
    await makeDirectory(dirname(file), { mode: 0o700 });
    const made = await open(temporary, 'wx', 0o600);
    await made.writeFile(`${randomId(TOKEN_LENGTH)}\n`).finally(async () => await made.close());
    await link(temporary, file);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw notMade(file, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function unusable(texts: { message: string; hint: string }): FlowError {
  return new FlowError({ code: 'admin_token_unusable', blame: 'operator', ...texts });
}

function notMade(file: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'admin_token_not_made',
    blame: 'operator',
    message: `The token of the admin listener could not be written to ${file} (${systemCode(cause) ?? String(cause)}).`,
    hint: `Let the service's user write there: install -d -m 700 ${shellQuote(dirname(file))}.`,
    cause,
  });
}
