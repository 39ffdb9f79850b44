import { randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { FlowError } from '../../base/errors.ts';
import { writeAtomic } from '../../base/files.ts';
import { Secret } from '../../base/secret.ts';
import { shellQuote } from '../../base/text.ts';
import { describeFileIssue, type FileIssue, readPrivateFile, serviceUid } from '../private-file.ts';
import { makePrivatePlace, type Passphrases, writing } from './secret-store.ts';

const MAX_BYTES = 4096;

const CODES: Record<FileIssue['kind'], { code: string }> = {
  missing: { code: 'key_file_unreadable' },
  'not-directory': { code: 'key_file_unreadable' },
  unreadable: { code: 'key_file_unreadable' },
  'not-regular': { code: 'key_file_not_regular' },
  'too-large': { code: 'key_file_too_large' },
  'open-to-others': { code: 'key_file_readable_by_others' },
  'wrong-owner': { code: 'key_file_wrong_owner' },
};

/**
 * Where the passphrase comes from: the one that was `given` (GITHUB_FLOWS_PASSPHRASE, or typed at the terminal),
 * else the key file and, while keys are being changed, the next one beside it. Read anew at every call, so that a changed
 * key file serves a running service; none at all is no error here. Throws the `key_file_…` codes.
 */
export function createPassphrases(parts: { given(): Secret | undefined; keyFile: string }): Passphrases {
  return async () => {
    const given = parts.given();
    if (given) return [given];
    const keys = [await readKeyFile(parts.keyFile), await readKeyFile(nextKeyFile(parts.keyFile))];
    return keys.filter((key) => key !== undefined);
  };
}

/** The passphrase in a key file (its line end does not count), or undefined when there is no such file. */
export async function readKeyFile(file: string): Promise<Secret | undefined> {
  const reading = await readPrivateFile(file, { maxBytes: MAX_BYTES, uid: serviceUid() });
  if (!('content' in reading)) {
    if (reading.issues[0].kind === 'missing') return undefined;
    throw keyFileError(reading.issues[0]);
  }
  const text = reading.content.toString('utf8');
  if (!Buffer.from(text).equals(reading.content)) throw keyFileNotText(file);
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase === '') throw keyFileEmpty(file);
  return new Secret(passphrase);
}

/** Writes a key file with 32 random bytes in base64, readable for the service's user alone, and gives its passphrase. */
export async function makeKeyFile(file: string): Promise<Secret> {
  const key = randomBytes(32).toString('base64');
  const owner = await makePrivatePlace(file);
  await writing(
    file,
    async () => await writeAtomic(file, `${key}\n`, { mode: 0o600, ...(owner ? { owner } : {}) }),
  );
  return new Secret(key);
}

/** Where the next key lies until every store is written under it; left there by a change that was cut short. */
export function nextKeyFile(keyFile: string): string {
  return `${keyFile}.next`;
}

/** Makes the next key the key. */
export async function takeNextKey(keyFile: string): Promise<void> {
  await rename(nextKeyFile(keyFile), keyFile);
}

function keyFileError(issue: FileIssue): FlowError {
  const noun = 'directory' in issue && issue.directory ? 'The directory of the key file,' : 'The key file';
  return new FlowError({
    blame: 'operator',
    ...CODES[issue.kind],
    ...describeFileIssue(
      noun,
      issue,
      `\`(umask 077; openssl rand -base64 32 > ${shellQuote(issue.path)})\` makes one.`,
    ),
  });
}

function keyFileEmpty(file: string): FlowError {
  return new FlowError({
    code: 'key_file_empty',
    blame: 'operator',
    message: `The key file ${file} is empty.`,
    hint: `Put the passphrase of the stores into it, or remove it (\`rm ${shellQuote(file)}\`) if there is no store yet.`,
  });
}

function keyFileNotText(file: string): FlowError {
  return new FlowError({
    code: 'key_file_not_text',
    blame: 'operator',
    message: `The key file ${file} is not text, so it cannot be given as a passphrase too.`,
    hint: `For a random key write its base64: \`(umask 077; openssl rand -base64 32 > ${shellQuote(file)})\`.`,
  });
}
