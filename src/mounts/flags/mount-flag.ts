import { parseBytes } from '../../base/bytes.ts';
import { quoted } from '../../base/text.ts';
import { nearest } from '../../base/words.ts';
import type { Policy } from '../../policy/policy.ts';
import { flagWeakens, mountSyntax, needsPolicy } from '../errors.ts';
import type { BindArg, MountArg, TmpfsArg, VolumeArg } from '../mount.ts';
import { checkSourcePath, checkTargetPath } from '../paths.ts';
import type { FlagReader } from './flag-text.ts';

const FORM =
  'Write --mount type=bind,src=/srv/data,dst=/data,readonly or --mount type=tmpfs,dst=/cache,tmpfs-size=64m.';

/** Every spelling of a key, and the one key it stands for. */
const KEYS: Readonly<Record<string, string>> = {
  type: 'type',
  src: 'source',
  source: 'source',
  dst: 'target',
  destination: 'target',
  target: 'target',
  ro: 'readonly',
  readonly: 'readonly',
  'tmpfs-size': 'tmpfs-size',
  'tmpfs-mode': 'tmpfs-mode',
};

/** What to do instead of keys that Docker knows and a profile may not use. */
const KEY_ADVICE: Readonly<Record<string, string>> = {
  rw: 'Leave it out: a bind without readonly is writable.',
  'bind-propagation': 'Leave it out: binds are private.',
  'bind-nonrecursive': 'Leave it out: binds are never recursive.',
  'bind-recursive': 'Leave it out: binds are never recursive.',
  'bind-create-src': 'Make the directory on the host first.',
  consistency: 'Leave it out: it has no meaning on Linux.',
};

type Pairs = ReadonlyMap<string, string | undefined>;

const KEYS_OF_TYPE = {
  bind: new Set(['type', 'source', 'target', 'readonly']),
  tmpfs: new Set(['type', 'target', 'tmpfs-size', 'tmpfs-mode']),
  volume: new Set(['type', 'source', 'target', 'readonly']),
};

type MountType = keyof typeof KEYS_OF_TYPE;

/** `--mount type=bind,src=…,dst=…,readonly`, `--mount type=tmpfs,dst=…,tmpfs-size=…,tmpfs-mode=…`, and `--mount type=volume,src=NAME,dst=…` for volumes that the policy lists. */
export const readMount: FlagReader = (draft, { value, asWritten }, policy) => {
  const pairs = readPairs(value);
  const type = readType(value, pairs, policy);
  for (const key of pairs.keys()) {
    if (!KEYS_OF_TYPE[type].has(key))
      throw mountSyntax(value, `${key} does not belong to type=${type}`, FORM);
  }
  draft.mounts.push(FROM[type](value, pairs, asWritten));
};

function readPairs(value: string): Map<string, string | undefined> {
  refuseQuotes(value);
  const pairs = new Map<string, string | undefined>();
  for (const part of value.split(',')) {
    const equals = part.indexOf('=');
    const written = equals < 0 ? part : part.slice(0, equals);
    const key = Object.hasOwn(KEYS, written) ? KEYS[written] : undefined;
    if (key === undefined) throw keyUnknown(value, written);
    if (pairs.has(key)) {
      throw mountSyntax(
        value,
        `${key} is given twice`,
        'Keep one of them; a path cannot hold a comma, since the rest would be read as an option.',
      );
    }
    pairs.set(key, equals < 0 ? undefined : part.slice(equals + 1));
  }
  return pairs;
}

function readType(value: string, pairs: Pairs, policy: Policy): MountType {
  const type = pairs.get('type');
  if (type === 'bind' || type === 'tmpfs') return type;
  if (type === 'volume' && policy.volumes.some(({ name }) => name === pairs.get('source'))) return type;
  if (type === 'volume' || type === 'image' || type === 'cluster' || type === 'npipe') {
    throw needsPolicy(
      '--mount',
      value,
      `a mount of type ${type}`,
      `Mount a directory of the host instead. ${FORM}`,
      policy,
      type === 'volume' ? policy.volumes.map(({ name }) => name) : [],
    );
  }
  if (!pairs.has('type')) throw mountSyntax(value, 'it has no type, which Docker takes for a volume', FORM);
  throw mountSyntax(value, 'its type is neither bind nor tmpfs', FORM);
}

function bindFrom(value: string, pairs: Pairs, asWritten: string): BindArg {
  const source = readPath(value, pairs, 'source');
  const target = readPath(value, pairs, 'target');
  checkSourcePath(source);
  checkTargetPath(target);
  return { type: 'bind', source, target, readOnly: readReadOnly(value, pairs), asWritten };
}

function tmpfsFrom(value: string, pairs: Pairs, asWritten: string): TmpfsArg {
  const target = readPath(value, pairs, 'target');
  checkTargetPath(target);
  const tmpfs: TmpfsArg = { type: 'tmpfs', target, asWritten };
  if (pairs.has('tmpfs-size')) tmpfs.sizeBytes = parseTmpfsSize(value, pairs.get('tmpfs-size') ?? '');
  if (pairs.has('tmpfs-mode')) {
    const mode = parseMode(pairs.get('tmpfs-mode') ?? '');
    if (mode === undefined)
      throw mountSyntax(value, 'tmpfs-mode is no octal mode up to 1777', 'Write it like 1777 or 0700.');
    tmpfs.mode = mode;
  }
  return tmpfs;
}

function volumeFrom(value: string, pairs: Pairs, asWritten: string): VolumeArg {
  const target = readPath(value, pairs, 'target');
  checkTargetPath(target);
  const volume = pairs.get('source') ?? '';
  return { type: 'volume', volume, target, readOnly: readReadOnly(value, pairs), asWritten };
}

const FROM: Record<MountType, (value: string, pairs: Pairs, asWritten: string) => MountArg> = {
  bind: bindFrom,
  tmpfs: tmpfsFrom,
  volume: volumeFrom,
};

function readPath(value: string, pairs: Pairs, key: 'source' | 'target'): string {
  const path = pairs.get(key);
  if (path === undefined) throw mountSyntax(value, `it has no ${key}`, FORM);
  return path;
}

function readReadOnly(value: string, pairs: Pairs): boolean {
  if (!pairs.has('readonly')) return false;
  const text = pairs.get('readonly') ?? 'true';
  if (/^(true|1)$/.test(text)) return true;
  if (/^(false|0)$/.test(text)) return false;
  throw mountSyntax(value, 'readonly is on or off', 'Write readonly, readonly=true or readonly=false.');
}

function keyUnknown(value: string, key: string): Error {
  const volume = key.startsWith('volume-') || key.startsWith('image-');
  if (volume)
    return needsPolicy(
      '--mount',
      value,
      `the option ${key}`,
      `Mount a directory of the host instead. ${FORM}`,
    );
  const why = key === '' ? 'an option is empty' : `${quoted(key, 64)} is no option of a mount`;
  const advice = Object.hasOwn(KEY_ADVICE, key) ? KEY_ADVICE[key] : undefined;
  return mountSyntax(
    value,
    why,
    advice ??
      `${key === '' ? '' : `The nearest is ${nearest(key.slice(0, 64), Object.keys(KEYS))}. `}The options are ${Object.keys(KEYS).join(', ')}. A path cannot hold a comma.`,
  );
}

/** Docker's CSV reader would read quotes and line breaks differently from a person. */
export function refuseQuotes(value: string): void {
  if (/["'`]/.test(value))
    throw mountSyntax(
      value,
      'it holds quotes',
      'Write paths without quotes; a path that needs them must be renamed.',
    );
}

/** A tmpfs's mode in octal digits, as a number; undefined for anything else. */
export function parseMode(text: string): number | undefined {
  return /^[01]?[0-7]{3,4}$/.test(text) && Number.parseInt(text, 8) <= 0o1777
    ? Number.parseInt(text, 8)
    : undefined;
}

/** The bytes of a tmpfs. Throws `mount_syntax`, and `docker_flag_weakens` for 0, which the kernel takes for no limit. */
export function parseTmpfsSize(value: string, text: string): number {
  const bytes = parseBytes(text);
  if (bytes === 0) throw flagWeakens('A tmpfs', value, 'size 0 means no limit', 'Write a size such as 64m.');
  if (bytes === undefined) throw mountSyntax(value, 'its size is no size', 'Write a size such as 64m.');
  return bytes;
}
