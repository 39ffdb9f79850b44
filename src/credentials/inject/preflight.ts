import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FlowError, type Problem, systemCode } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { shellQuote } from '../../base/text.ts';
import { ghTokenErrors } from '../github/gh-token-file.ts';
import { accessIssues, describeFileIssue, type FileIssue, serviceUid } from '../private-file.ts';

const DIRECTORY_CODES: Record<'open-to-others' | 'wrong-owner', { code: string }> = {
  'open-to-others': { code: 'secrets_directory_readable_by_others' },
  'wrong-owner': { code: 'secrets_directory_wrong_owner' },
};

/** What is wrong with the secrets directory itself, and with where it is; nothing when it is fit for use. */
export async function checkSecretsDirectory(host: {
  secretsDir: string;
  workspaceRoot: string;
}): Promise<Problem[]> {
  const { secretsDir, workspaceRoot } = host;
  const place = await insideWorkspaces({ option: 'SECRETS_DIR', dir: secretsDir, workspaceRoot });
  const problems = place ? [place.toProblem()] : [];
  const found = await stat(secretsDir).catch((error: unknown) => systemCode(error) ?? 'unknown');
  if (typeof found === 'string' || !found.isDirectory()) {
    return [...problems, directoryMissing(secretsDir, found === 'ENOENT').toProblem()];
  }
  const issues = accessIssues(secretsDir, found, serviceUid());
  return [...problems, ...issues.map((issue) => directoryError(issue).toProblem())];
}

/** What keeps the token file from being used. */
export async function checkGhToken(file: string): Promise<Problem[]> {
  return (await ghTokenErrors(file)).map((issue) => issue.toProblem());
}

/**
 * The error `secrets_inside_workspaces` when `dir`, as written or where its links lead, is inside the workspaces (of
 * which containers get parts), else undefined. `option` is the setting that named it: SECRETS_DIR or RUN_DIR.
 */
export async function insideWorkspaces(place: {
  option: string;
  dir: string;
  workspaceRoot: string;
}): Promise<FlowError | undefined> {
  const roots = [resolve(place.workspaceRoot), await realPlace(place.workspaceRoot)];
  const dirs = [resolve(place.dir), await realPlace(place.dir)];
  const inside = roots.some((root) => dirs.some((dir) => isInside(root, dir)));
  return inside ? secretsInsideWorkspaces(place) : undefined;
}

/** Where `path` really is; of a path whose end is not there yet, the part that is there is resolved. */
async function realPlace(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch (error) {
    const parent = dirname(absolute);
    if (parent === absolute) return absolute;
    if (systemCode(error) === 'ENOENT' && (await isLink(absolute))) return absolute;
    return join(await realPlace(parent), basename(absolute));
  }
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}

function directoryError(issue: FileIssue): FlowError {
  const codes =
    issue.kind === 'wrong-owner' ? DIRECTORY_CODES['wrong-owner'] : DIRECTORY_CODES['open-to-others'];
  return new FlowError({
    blame: 'operator',
    ...codes,
    ...describeFileIssue('The secrets directory', issue, ''),
  });
}

function directoryMissing(dir: string, absent: boolean): FlowError {
  return new FlowError({
    code: 'secrets_directory_missing',
    blame: 'operator',
    message: `The secrets directory ${dir} ${absent ? 'is not there' : 'is not a directory that the service can look at'}.`,
    hint: `Run \`install -d -m 700 ${shellQuote(dir)}\` as the service's user, or name another one in SECRETS_DIR.`,
  });
}

function secretsInsideWorkspaces(place: { option: string; dir: string; workspaceRoot: string }): FlowError {
  return new FlowError({
    code: 'secrets_inside_workspaces',
    blame: 'operator',
    message: `${place.option} is ${place.dir}, which is inside the workspaces in ${place.workspaceRoot}, where agents write.`,
    hint: `Set ${place.option} to a directory outside ${place.workspaceRoot}, such as ~/.secrets for SECRETS_DIR.`,
  });
}
