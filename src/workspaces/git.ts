import { stripVTControlCharacters } from 'node:util';
import { asFlowError } from '../base/errors.ts';
import type { Owner } from '../base/files.ts';
import { type ExecResult, exec, howEnded } from '../programs/exec.ts';
import { type GitLimits, LOOKUP_LIMITS, limitError, limitedCommand, MAPPING_SETTINGS } from './git-limits.ts';

/**
 * Nothing of the machine's or the user's git set-up takes part: HOME is a file, so that nothing (`.netrc`,
 * `.config/git`) can lie in it, and messages are not translated.
 */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/dev/null',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
};

/** Given on every command line, because that wins over the configuration of any repository. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'core.askPass=',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'fetch.unpackLimit=1',
  'gc.auto=0',
  'maintenance.auto=false',
  ...MAPPING_SETTINGS,
].flatMap((setting) => ['-c', setting]);

/** Variables of the host that git needs to reach a server: proxies and extra TLS roots. */
const HOST_VARIABLES = [
  'PATH',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** The few variables of the service's environment that its git is given. */
export function gitHostEnvironment(environment: Readonly<Record<string, string | undefined>>): {
  [name: string]: string;
} {
  return Object.fromEntries(
    HOST_VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

/** How one git command runs; `env` is added to an environment that holds nothing of the service's own. */
export type GitOptions = {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** Further settings, `name=value`. */
  settings?: readonly string[];
  input?: string;
  /** What this git and each process that it starts may take; those of a look-up unless set. */
  limits?: GitLimits;
  /** What it does with the repository, for the message about a limit: “read the repository” unless set. */
  doing?: string;
  /** Files in the place of the standard streams. */
  files?: { input: string; output: string };
  /** Two minutes unless set. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Run as this user and group; needs a root service. */
  owner?: Owner;
  /** Takes standard output as it comes; nothing of it is kept then. */
  onStdout?: (chunk: Buffer) => void;
  onProgress?: (progress: Progress) => void;
};

/**
 * Runs git with hooks, helpers, prompts, submodules and the `ext` transport off, within limits of processor time,
 * memory, file size and time, and gives its output whatever its exit code. Throws the signal's reason when it is
 * cancelled, `repository_over_limits` when a limit ended it, and `command_failed` when git cannot start. SIGTERM ends
 * it, so that it removes its lock files; git does not end its helpers then, so they are ended too.
 */
export async function runGit(args: readonly string[], options: GitOptions = {}): Promise<ExecResult> {
  options.signal?.throwIfAborted();
  const { limits = LOOKUP_LIMITS, doing = 'read the repository' } = options;
  try {
    const result = await execGit(args, options, limits);
    const issue = limitError(result, limits, doing);
    if (issue) throw issue;
    return result;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (asFlowError(error).code !== 'command_failed') throw error;
    throw limitError({ exitCode: undefined, stderr: '', ...howEnded(error) }, limits, doing) ?? error;
  }
}

async function execGit(args: readonly string[], options: GitOptions, limits: GitLimits): Promise<ExecResult> {
  const settings = (options.settings ?? []).flatMap((setting) => ['-c', setting]);
  const [program = 'git', ...command] = [...limitedCommand(limits, options.files), 'git'];
  return await exec(program, [...command, ...SETTINGS, ...settings, ...args], {
    cwd: options.cwd ?? '/',
    env: { ...ENVIRONMENT, ...options.env },
    killSignal: 'SIGTERM',
    killDescendants: true,
    timeoutMs: options.timeoutMs ?? LOOKUP_LIMITS.timeoutSec * 1000,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.owner === undefined ? {} : options.owner),
    ...(options.onProgress === undefined ? {} : { onStderr: progressReader(options.onProgress) }),
    ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
  });
}

/** What the server itself said, line by line, without colours and what moves a cursor. */
export function serverLines(stderr: string): string[] {
  return stderr
    .split(/[\r\n]/)
    .filter((line) => line.startsWith('remote:'))
    .map((line) => stripVTControlCharacters(line.slice('remote:'.length).replace(/^ /, '')).trimEnd())
    .filter((line) => line !== '');
}

/** The last three lines of git’s standard error that are no progress, joined by semicolons, without a full stop. */
export function lastLines(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/: +\d{1,3}% |^(?:From|\s*[*+!=-]) /.test(line));
  return (lines.slice(-3).join('; ') || 'git printed nothing').slice(0, 500).replace(/\.$/, '');
}

/** How far git is: its own word for what it does, and 0 to 100. */
export type Progress = { stage: string; percent: number };

/** Turns git's progress lines, in whatever pieces they come, into calls of `report`, one for each change. */
function progressReader(report: (progress: Progress) => void): (text: string) => void {
  let rest = '';
  let last = '';
  return (text) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop()?.slice(-1000) ?? '';
    for (const line of lines) {
      const [, stage, percent] = /^(?:remote: )?([A-Z][A-Za-z ]{2,40}): +(\d{1,3})% /.exec(line) ?? [];
      if (stage === undefined || `${stage}${percent}` === last) continue;
      last = `${stage}${percent}`;
      report({ stage, percent: Number(percent) });
    }
  };
}
