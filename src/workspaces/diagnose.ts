import { stat, statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type FlowError, systemCode } from '../base/errors.ts';
import { formatDuration } from '../base/text.ts';
import {
  diskFull,
  repositoryForbidden,
  repositoryLoginRefused,
  repositoryNotFound,
  repositoryUnreachable,
  sha256Unsupported,
} from './errors.ts';
import { lastLines, runGit, serverLines } from './git.ts';

/** With less free space than this, a git that failed most likely failed because the disk is full. */
const NO_ROOM_BYTES = 16 * 1024 ** 2;

const PROBE_TIMEOUT_MS = 20_000;

/** How much of the server’s own words a message quotes. */
const SAID_CHARACTERS = 1_000;

/** The error of a full disk; undefined while there is room. */
export async function noRoom(dir: string): Promise<FlowError | undefined> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize < NO_ROOM_BYTES ? diskFull(dir, bavail * bsize) : undefined;
}

/**
 * Why a repository cannot be fetched, found by asking the server once more; undefined when it answers as it should.
 *
 * Git ends with exit code 128 for every error, and its texts change between versions. So the status of the last
 * answer is read from the trace of the HTTP headers (git masks the credential in it); no status means no answer.
 */
export async function diagnoseRemote(
  url: string,
  env: Readonly<Record<string, string>>,
  options: {
    cwd: string;
    settings: readonly string[];
    signal: AbortSignal;
    mask: (text: string) => string;
  },
): Promise<FlowError | undefined> {
  const unreadable = url.startsWith('file:') ? await diagnoseFile(url) : undefined;
  if (unreadable) return unreadable;
  const trace = { GIT_TRACE_CURL: '2', GIT_TRACE_CURL_NO_DATA: '1', GIT_TRACE_REDACT: '1' };
  const { exitCode, stdout, stderr } = await runGit(
    ['ls-remote', '--quiet', '--', url, 'HEAD', 'refs/heads/*'],
    {
      cwd: options.cwd,
      settings: options.settings,
      env: { ...env, ...trace },
      timeoutMs: PROBE_TIMEOUT_MS,
      signal: options.signal,
    },
  ).catch((error: unknown) => {
    options.signal.throwIfAborted();
    return { exitCode: -1, stdout: '', stderr: error instanceof Error ? '' : String(error) };
  });
  if (exitCode === 0) return /^[0-9a-f]{64}\t/.test(stdout) ? sha256Unsupported(url) : undefined;
  const status = lastStatus(stderr);
  const words = options.mask(serverLines(stderr).join(' ')).slice(0, SAID_CHARACTERS);
  const said = words === '' ? '' : ` The server said: “${words}”`;
  if (status === 401) return repositoryLoginRefused(url, said);
  if (status === 403) return repositoryForbidden(url, said);
  if (status === 404 || status === 410 || status === 451) return repositoryNotFound(url, said);
  return repositoryUnreachable(url, unreachableDetail(exitCode, status, options.mask(stderr)));
}

function unreachableDetail(exitCode: number, status: number | undefined, stderr: string): string {
  if (status !== undefined && status >= 400) return `the server answered with status ${status}`;
  if (exitCode === -1) return `no answer within ${formatDuration(PROBE_TIMEOUT_MS)}`;
  const untraced = stderr.split('\n').filter((line) => !/^\d\d:\d\d:\d\d\.\d+ /.test(line));
  return lastLines(untraced.join('\n'));
}

function lastStatus(trace: string): number | undefined {
  const found = [...trace.matchAll(/<= Recv header: HTTP\/[\d.]+ (\d{3})/g)].at(-1);
  return found ? Number(found[1]) : undefined;
}

async function diagnoseFile(url: string): Promise<FlowError | undefined> {
  try {
    await stat(fileURLToPath(url));
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return repositoryNotFound(url);
    return repositoryUnreachable(url, `it cannot be read (${code})`);
  }
}
