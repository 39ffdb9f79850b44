import type { FlowError } from '../base/errors.ts';
import { overLimits } from './errors.ts';

/** What one process of git may take: seconds of processor time, address space, and the size of any file that it writes. */
export type GitLimits = { cpuSec: number; memoryBytes: number; fileBytes: number };

/** What one repository may take of this host until its agent starts; each is an option (docs/configuration.md). */
export type RepositoryLimits = {
  /** Seconds that one command of git may take. */
  timeoutSec: number;
  /** Seconds of processor time of each process. */
  cpuSec: number;
  /** Address space of each process. */
  memoryBytes: number;
  /** What one fetch may bring. */
  fetchBytes: number;
  /** Files, links and directories of a working tree. */
  entries: number;
  /** All of these together, as they lie on a disk. */
  checkoutBytes: number;
};

/** The defaults of the options. */
export const REPOSITORY_LIMITS: RepositoryLimits = {
  timeoutSec: 900,
  cpuSec: 300,
  memoryBytes: 4 * 1024 ** 3,
  fetchBytes: 10 * 1024 ** 3,
  entries: 500_000,
  checkoutBytes: 10 * 1024 ** 3,
};

/** For commands that only look something up, whatever the repository holds. */
export const LOOKUP_LIMITS: GitLimits & { timeoutSec: number } = {
  timeoutSec: 120,
  cpuSec: 60,
  memoryBytes: 2 * 1024 ** 3,
  fileBytes: 256 * 1024 ** 2,
};

/** Packs are mapped in small windows, so that the limit on memory is one on what is unfolded, and not on how large packs are. */
export const MAPPING_SETTINGS = ['core.packedGitWindowSize=32m', 'core.packedGitLimit=256m'];

/**
 * The files take the place of the standard streams. Blocks of 512 bytes and of 1,024:
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/ulimit.html and dash(1). A limit that this process is
 * under already and may not raise stays. Where the signal is ignored, git itself reports that one of its own files
 * became too large; not where its standard output is the file, because some commands of git do not check it.
 */
const SCRIPT = `limit() { ulimit "$@" 2>/dev/null || :; }
limit -c 0; limit -S -t "$1"; limit -H -t "$(($1 + 2))"; limit -f "$2"; limit -v "$3"; shift 3`;
const OWN_FILES = `trap '' XFSZ; exec "$@"`;
const STREAMS = 'input=$1; output=$2; shift 2; exec "$@" <"$input" >"$output"';

/** The program, with its first arguments, through which a command runs within limits; they hold for all that it starts. */
export function limitedCommand(limits: GitLimits, files?: { input: string; output: string }): string[] {
  const { cpuSec, fileBytes, memoryBytes } = limits;
  const numbers = [cpuSec, Math.ceil(fileBytes / 512), Math.ceil(memoryBytes / 1024)].map(String);
  const [last, names] = files ? [STREAMS, [files.input, files.output]] : [OWN_FILES, []];
  return ['/bin/sh', '-c', `${SCRIPT}; ${last}`, 'sh', ...numbers, ...names];
}

/** How a command of git came out, as far as limits are concerned. */
type GitEnd = {
  exitCode: number | undefined;
  stderr: string;
  /** The signal that ended git itself. */
  signal?: string | undefined;
  ended?: 'time' | 'output' | undefined;
};

/** Signals that a limit sends; SIGKILL comes from the limit on processor time too, and from a machine without memory left. */
const SIGNALS: Readonly<Record<string, string>> = {
  SIGXCPU: 'time',
  SIGXFSZ: 'file',
  SIGKILL: 'killed',
};

/** How git reports that such a signal ended a helper, or that memory or room in a file was refused: in the C locale, and never a text of a server. */
const REPORTS: readonly [RegExp, keyof typeof RESOURCES][] = [
  [/died of signal 24\b/, 'time'],
  [/died of signal 25\b|File too large|unable to write file/, 'file'],
  [/out of memory|malloc failed|Cannot allocate memory|unable to create threaded/i, 'memory'],
  [/died of signal 9\b/, 'killed'],
];

/** The resource as the message names it. */
const RESOURCES = {
  time: 'processor time',
  file: 'room in one file',
  memory: 'memory',
  killed: 'memory or processor time',
  waited: 'time',
  output: 'output',
};

/** The error of a git that one of its limits ended; undefined when something else did. `doing` completes “while it …”. */
export function limitError(end: GitEnd, limits: GitLimits, doing: string): FlowError | undefined {
  const kind = kindOf(end);
  return kind === undefined ? undefined : overLimits(RESOURCES[kind], limits, doing);
}

function kindOf({ exitCode, stderr, signal, ended }: GitEnd): keyof typeof RESOURCES | undefined {
  if (ended !== undefined) return ended === 'time' ? 'waited' : 'output';
  if (signal !== undefined) return SIGNALS[signal] as keyof typeof RESOURCES | undefined;
  if (exitCode === 0) return undefined;
  const own = stderr
    .split(/[\r\n]/)
    .filter((line) => !line.startsWith('remote:'))
    .join('\n');
  const kind = REPORTS.find(([pattern]) => pattern.test(own))?.[1];
  return kind ?? (endedInSilence(own) ? 'killed' : undefined);
}

/** Whether this is the one line that a fetch prints when a signal ended `index-pack`. Any other error adds a line of its own. */
function endedInSilence(stderr: string): boolean {
  const complaints = stderr.split('\n').filter((line) => /^(?:fatal|error): /.test(line));
  return complaints.length === 1 && /fetch-pack: invalid index-pack output/.test(complaints[0] ?? '');
}
