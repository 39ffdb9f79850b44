import { dirname } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { shellQuote } from '../../base/text.ts';
import { describeFileIssue, type FileIssue } from '../private-file.ts';

const CODES: Record<FileIssue['kind'], { code: string }> = {
  missing: { code: 'secret_store_unreadable' },
  'not-directory': { code: 'secret_store_unreadable' },
  unreadable: { code: 'secret_store_unreadable' },
  'not-regular': { code: 'secret_store_not_regular' },
  'too-large': { code: 'secret_store_too_large' },
  'open-to-others': { code: 'secret_store_readable_by_others' },
  'wrong-owner': { code: 'secret_store_wrong_owner' },
};

const RESTORE = 'Put back a copy of it';

/** The file of a store, or its directory, cannot be used as it is. */
export function storeFileError(issue: FileIssue): FlowError {
  const noun =
    'directory' in issue && issue.directory ? 'The directory of the secret store,' : 'The secret store';
  return new FlowError({
    blame: 'operator',
    ...CODES[issue.kind],
    ...describeFileIssue(noun, issue, '`github-flows secret set` makes it.'),
  });
}

/** A store, its key file or its directory cannot be made or written. */
export function storeUnwritable(file: string, cause: Error): FlowError {
  return new FlowError({
    code: 'secret_store_unwritable',
    blame: 'operator',
    message: `${file} cannot be written: ${cause.message}.`,
    hint: `See what is in the way with \`namei -l ${shellQuote(file)}\` and \`df ${shellQuote(dirname(file))}\`: everything above it has to be a directory, which the service's user may write, on a disk that has room. SECRETS_DIR names another place.`,
    cause,
  });
}

/** Shorter than any store can be. */
export function storeTruncated(file: string, bytes: number): FlowError {
  return new FlowError({
    code: 'secret_store_truncated',
    blame: 'operator',
    message: `The secret store ${file} has ${bytes} bytes, fewer than any store has: it was cut off.`,
    hint: `${RESTORE}, or remove it (\`rm ${shellQuote(file)}\`) and set its secrets anew.`,
  });
}

/** GCM cannot tell a wrong key from a changed byte. */
export function storeLocked(file: string): FlowError {
  return new FlowError({
    code: 'secret_store_locked',
    blame: 'operator',
    message: `The secret store ${file} does not decrypt: the passphrase is not the one it was written with, or the file was changed.`,
    hint: `Give the passphrase it was written with (GITHUB_FLOWS_PASSPHRASE, or the key file). If that is lost: ${RESTORE.toLowerCase()}, or remove it (\`rm ${shellQuote(file)}\`) and set its secrets anew.`,
  });
}

/** It decrypts, so the key is right, but a store is a map of texts. */
export function storeDamaged(file: string): FlowError {
  return new FlowError({
    code: 'secret_store_damaged',
    blame: 'operator',
    message: `The secret store ${file} decrypts, but what is in it is not a map of names to texts.`,
    hint: `${RESTORE}, or remove it (\`rm ${shellQuote(file)}\`) and set its secrets anew.`,
  });
}

/** A change that would make the store too large to be read again. */
export function storeFull(file: string, maxBytes: number): FlowError {
  return new FlowError({
    code: 'secret_store_full',
    blame: 'operator',
    message: `With this the secret store ${file} would be larger than ${maxBytes} bytes, so nothing was changed.`,
    hint: 'Delete secrets that nobody needs, or keep large files elsewhere and mount them.',
  });
}

/** There is a store, and nothing to open it with. */
export function passphraseMissing(file: string): FlowError {
  return new FlowError({
    code: 'passphrase_missing',
    blame: 'operator',
    message: `The secret store ${file} needs a passphrase, and there is none: neither GITHUB_FLOWS_PASSPHRASE nor a key file is there, and there is no terminal to ask on.`,
    hint: 'Set GITHUB_FLOWS_PASSPHRASE, or put the passphrase into the key file (GITHUB_FLOWS_KEY_FILE, by default `service/key` in the secrets directory, mode 600).',
  });
}
