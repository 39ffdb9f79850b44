import { parseBytes } from '../../base/bytes.ts';
import { flagRepeated, flagValueInvalid, flagWeakens } from '../errors.ts';
import type { FlagReader } from './flag-text.ts';

const MIB = 1024 ** 2;

/** The engine refuses less: https://docs.docker.com/engine/containers/resource_constraints/ */
const LEAST_MEMORY_BYTES = 6 * MIB;

/** More than any host has; beyond it a limit is none. */
const MOST_MEMORY_BYTES = 64 * 1024 ** 4;
const MOST_CPUS = 4096;

/** The kernel's PID_MAX_LIMIT on 64 bits. */
const MOST_PIDS = 4_194_304;

/** `--memory 2g`. */
export const readMemory: FlagReader = (draft, { value }) => {
  draft.memoryBytes = readSize('--memory', value, LEAST_MEMORY_BYTES);
};

/** `--shm-size 256m`. */
export const readShmSize: FlagReader = (draft, { value }) => {
  draft.shmSizeBytes = readSize('--shm-size', value, 4096);
};

/** `--cpus 1.5`: the engine counts billionths. */
export const readCpus: FlagReader = (draft, { value }) => {
  const hint = 'Write a number of processors such as 2 or 1.5.';
  if (isUnlimited(value)) throw flagWeakens('--cpus', value, 'it means no limit', hint);
  const cpus = /^(\d{1,9}(\.\d{1,9})?|\.\d{1,9})$/.test(value) ? Number(value) : Number.NaN;
  if (!(cpus >= 0.01 && cpus <= MOST_CPUS)) {
    throw flagValueInvalid('--cpus', value, `it is no number from 0.01 to ${MOST_CPUS}`, hint);
  }
  draft.cpus = cpus;
};

/** `--pids-limit 512`. */
export const readPids: FlagReader = (draft, { value }) => {
  const hint = 'Write a number of processes such as 512.';
  if (isUnlimited(value)) throw flagWeakens('--pids-limit', value, 'it means no limit', hint);
  const pids = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(pids >= 1 && pids <= MOST_PIDS)) {
    throw flagValueInvalid('--pids-limit', value, `it is no whole number from 1 to ${MOST_PIDS}`, hint);
  }
  draft.pids = pids;
};

function readSize(flag: string, value: string, least: number): number {
  const hint = 'Write a size such as 512m or 2g.';
  const bytes = parseBytes(value);
  if (isUnlimited(value) || bytes === 0) throw flagWeakens(flag, value, 'it means no limit', hint);
  if (bytes === undefined) throw flagValueInvalid(flag, value, 'it is no size', hint);
  if (bytes < least) throw flagValueInvalid(flag, value, `it is less than ${least} bytes`, hint);
  if (bytes > MOST_MEMORY_BYTES) throw flagValueInvalid(flag, value, 'it is more than any host has', hint);
  return bytes;
}

/** Zero and everything below it: Docker takes 0 and -1 for "no limit". */
function isUnlimited(value: string): boolean {
  return /^(-.*|\+?0*(\.0*)?|unlimited|max)$/i.test(value) && value !== '';
}

const GIB = 1024 ** 3;

/** Every limit of setrlimit(2) with the most a profile may ask for: bytes, seconds or a count, as the kernel has it. */
const MOST: Readonly<Record<string, number>> = {
  core: 0,
  cpu: 30 * 24 * 3600,
  data: 1024 * GIB,
  fsize: 1024 * GIB,
  locks: 65_536,
  memlock: GIB,
  msgqueue: 64 * 1024 ** 2,
  nice: 20,
  nofile: 1_048_576,
  nproc: 4_194_304,
  rss: 1024 * GIB,
  rtprio: 0,
  rttime: 0,
  sigpending: 1_048_576,
  stack: 4 * GIB,
};

/** `--ulimit nofile=1024:2048`, or one number for both. */
export const readUlimit: FlagReader = (draft, { value }) => {
  const form = 'Write NAME=SOFT:HARD or NAME=BOTH, for example nofile=1024:2048.';
  const [, name = '', softText = '', hardText] = /^([^=]*)=([^:]*)(?::(.*))?$/.exec(value) ?? [];
  const most = Object.hasOwn(MOST, name) ? MOST[name] : undefined;
  if (most === undefined) {
    throw flagValueInvalid('--ulimit', value, `its name is none of ${Object.keys(MOST).join(', ')}`, form);
  }
  const [soft, hard] = [softText, hardText ?? softText].map((text) => readLimit(value, text, form)) as [
    number,
    number,
  ];
  if (soft > hard) throw flagValueInvalid('--ulimit', value, 'the soft limit is above the hard one', form);
  if (hard > most) {
    throw flagWeakens(
      '--ulimit',
      value,
      `${name} goes to ${most} at most`,
      `Ask for ${name}=${most} or less.`,
    );
  }
  if (draft.ulimits.some((ulimit) => ulimit.name === name)) throw flagRepeated('--ulimit', name);
  draft.ulimits.push({ name, soft, hard });
};

function readLimit(value: string, text: string, form: string): number {
  if (/^(-\d+|unlimited|infinity)$/i.test(text))
    throw flagWeakens('--ulimit', value, 'it means no limit', form);
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw flagValueInvalid('--ulimit', value, 'its limits are no whole numbers', form);
}
