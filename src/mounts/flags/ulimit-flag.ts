import { flagRepeated, flagValueInvalid, flagWeakens } from '../errors.ts';
import type { FlagReader } from './draft.ts';

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
