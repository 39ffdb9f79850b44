import { quoted } from '../../base/text.ts';
import { mountSyntax } from '../errors.ts';
import type { TmpfsArg } from '../mount.ts';
import { checkTargetPath } from '../paths.ts';
import type { FlagReader } from './flag-text.ts';
import { parseMode, parseTmpfsSize, refuseQuotes } from './mount-flag.ts';

const FORM = 'Write --tmpfs /cache:size=64m,mode=1777,uid=1000,gid=1000, each option at most once.';

/** The largest uid and gid that the kernel takes. */
const MOST_ID = 4_294_967_294;

/** `--tmpfs TARGET[:size=…,mode=…,uid=…,gid=…]`. */
export const readTmpfs: FlagReader = (draft, { value, asWritten }) => {
  refuseQuotes(value);
  const colon = value.indexOf(':');
  const target = colon < 0 ? value : value.slice(0, colon);
  if (target.includes(',')) throw mountSyntax(value, 'its path holds a comma', FORM);
  checkTargetPath(target);
  const tmpfs: TmpfsArg = { type: 'tmpfs', target, asWritten };
  const seen = new Set<string>();
  for (const option of colon < 0 ? [] : value.slice(colon + 1).split(',')) {
    const [, key = '', text = ''] = /^([^=]*)=(.*)$/.exec(option) ?? [];
    if (seen.has(key)) throw mountSyntax(value, `${key} is given twice`, FORM);
    seen.add(key);
    readOption(tmpfs, value, option, key, text);
  }
  draft.mounts.push(tmpfs);
};

function readOption(tmpfs: TmpfsArg, value: string, option: string, key: string, text: string): void {
  if (key === 'size') tmpfs.sizeBytes = parseTmpfsSize(value, text);
  else if (key === 'mode') tmpfs.mode = readMode(value, text);
  else if (key === 'uid') tmpfs.uid = readId(value, key, text);
  else if (key === 'gid') tmpfs.gid = readId(value, key, text);
  else throw mountSyntax(value, `${quoted(option, 64)} is no option of a tmpfs`, FORM);
}

function readMode(value: string, text: string): number {
  const mode = parseMode(text);
  if (mode === undefined) throw mountSyntax(value, 'mode is no octal mode up to 1777', FORM);
  return mode;
}

function readId(value: string, key: string, text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= MOST_ID) return Number(text);
  throw mountSyntax(value, `${key} is no number of a user or group`, FORM);
}
