import { dirname } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { shellQuote } from '../../base/text.ts';
import type { Redactor } from '../../log/redact.ts';
import { describeFileIssue, type FileIssue, readPrivateFile, serviceUid } from '../private-file.ts';

/** GitHub's tokens are under 300 bytes today, those of GitHub Apps under 1,000. */
const MAX_BYTES = 4096;

const CODES: Record<FileIssue['kind'], { code: string }> = {
  missing: { code: 'token_file_missing' },
  'not-directory': { code: 'token_file_unreadable' },
  unreadable: { code: 'token_file_unreadable' },
  'not-regular': { code: 'token_file_not_regular' },
  'too-large': { code: 'token_file_too_large' },
  'open-to-others': { code: 'token_file_readable_by_others' },
  'wrong-owner': { code: 'token_file_wrong_owner' },
};

const DIRECTORY_CODES: Partial<Record<FileIssue['kind'], { code: string }>> = {
  'open-to-others': { code: 'token_directory_readable_by_others' },
  'wrong-owner': { code: 'token_directory_wrong_owner' },
};

/**
 * The GitHub token in `file`: one raw value, line ends removed. The file and its directory must be the service's own
 * and closed to everyone else (a root service takes those of any account).
 *
 * Throws the first of `ghTokenErrors`.
 */
export async function readGhToken(file: string, uid: number = serviceUid()): Promise<Secret> {
  const reading = await readPrivateFile(file, { maxBytes: MAX_BYTES, uid });
  if ('content' in reading) return new Secret(rawToken(file, reading.content));
  throw tokenError(file, reading.issues[0]);
}

/** Everything that keeps the token in `file` from being used: codes `token_file_…` and `token_directory_…`. */
export async function ghTokenErrors(file: string, uid: number = serviceUid()): Promise<FlowError[]> {
  const reading = await readPrivateFile(file, { maxBytes: MAX_BYTES, uid });
  if (!('content' in reading)) return reading.issues.map((issue) => tokenError(file, issue));
  try {
    rawToken(file, reading.content);
    return [];
  } catch (error) {
    if (error instanceof FlowError) return [error];
    throw error;
  }
}

/** The shell commands that make the file without the token touching a command line or the shell's history. */
export function writeTokenCommand(file: string): string {
  return `install -d -m 700 ${shellQuote(dirname(file))} && (umask 077; read -rs TOKEN; printf %s "$TOKEN" > ${shellQuote(file)})`;
}

function tokenError(file: string, issue: FileIssue): FlowError {
  const directory = 'directory' in issue && issue.directory;
  return new FlowError({
    blame: 'operator',
    ...((directory && DIRECTORY_CODES[issue.kind]) || CODES[issue.kind]),
    ...describeFileIssue(
      directory ? 'The directory of the token file,' : 'The token file',
      issue,
      rewrite(file),
    ),
  });
}

function rawToken(file: string, content: Buffer): string {
  const lines = content
    .toString('latin1')
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '');
  const [value] = lines;
  if (value === undefined) throw tokenNotRaw(file, 'is empty');
  if (lines.length > 1) throw tokenNotRaw(file, `has ${lines.length} lines`);
  const oddity = oddityOf(value);
  if (oddity) throw tokenNotRaw(file, `holds ${oddity}`);
  return value;
}

/** Why `value` is not a bare token, or undefined; never quotes the value. */
function oddityOf(value: string): string | undefined {
  if (/^(export\s+)?[A-Za-z_]\w*\s*=(?!=*$)/.test(value)) return 'a NAME=value line';
  if (/["'`]/.test(value)) return 'quotes';
  if (/^[\xfe\xff]|^\xef\xbb\xbf|\0/.test(value)) return "an editor's byte order mark or NUL bytes";
  if (/\s/.test(value)) return 'blanks';
  if (/[^\x21-\x7e]/.test(value)) return 'characters that no token has';
  if (value.includes('://')) return 'an address';
  return undefined;
}

function rewrite(file: string): string {
  return `Write the token itself, nothing else, with bash, and paste the token when it waits: \`${writeTokenCommand(file)}\`.`;
}

function tokenNotRaw(file: string, oddity: string): FlowError {
  return new FlowError({
    code: 'token_file_not_raw',
    blame: 'operator',
    message: `The token file ${file} ${oddity}; it must hold the raw token and nothing else.`,
    hint: rewrite(file),
  });
}

/** Gives the service's own token for GitHub's API; undefined when there is no token file. */
type TokenSource = { token(): Promise<string | undefined> };

/**
 * A source that reads the file at every call, so that a token put in its place is used at once and a file that was
 * opened to others is refused at once. Every value it ever gave stays masked for as long as the redactor lives.
 *
 * `token()` throws the codes of `readGhToken`, but for `token_file_missing`.
 */
export function createTokenSource(parts: { ghTokenFile: string; redactor: Redactor }): TokenSource {
  return {
    async token() {
      try {
        const value = (await readGhToken(parts.ghTokenFile)).reveal();
        parts.redactor.add(value);
        return value;
      } catch (error) {
        if (error instanceof FlowError && error.code === 'token_file_missing') return undefined;
        throw error;
      }
    },
  };
}
