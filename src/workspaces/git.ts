import { type ExecResult, exec } from '../base/exec.ts';
import type { Owner } from '../base/files.ts';
import { type Progress, progressReader } from './progress.ts';

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

/** Said on every command line, because it wins over what any repository's own configuration says. */
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
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Run as this user and group; needs a root service. */
  owner?: Owner;
  /** A program with its first arguments that becomes git, given as the rest of them (to set limits, say). */
  through?: readonly string[];
  onProgress?: (progress: Progress) => void;
};

/**
 * Runs git with hooks, helpers, prompts, submodules and the `ext` transport off, and gives what it left whatever
 * its exit code. Throws the signal's reason when called off, and `command_failed` when git cannot start or runs
 * out of time. It is asked to end by SIGTERM, so that it removes its lock files; its helpers, which it forgets then,
 * are ended too.
 */
export async function runGit(args: readonly string[], options: GitOptions = {}): Promise<ExecResult> {
  options.signal?.throwIfAborted();
  const settings = (options.settings ?? []).flatMap((setting) => ['-c', setting]);
  try {
    const [program = 'git', ...command] = [...(options.through ?? []), 'git'];
    return await exec(program, [...command, ...SETTINGS, ...settings, ...args], {
      cwd: options.cwd ?? '/',
      env: { ...ENVIRONMENT, ...options.env },
      killSignal: 'SIGTERM',
      killDescendants: true,
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.owner === undefined ? {} : options.owner),
      ...(options.onProgress === undefined ? {} : { onStderr: progressReader(options.onProgress) }),
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** The last words of git's standard error that are no progress, in one line, without a full stop. */
export function lastWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/: +\d{1,3}% |^(?:From|\s*[*+!=-]) /.test(line));
  return (lines.slice(-3).join('; ') || 'git said nothing').slice(0, 500).replace(/\.$/, '');
}
