import { quoted } from '../../base/text.ts';
import { mountSyntax, needsPolicy } from '../errors.ts';
import { checkSourcePath, checkTargetPath } from '../paths.ts';
import type { FlagReader } from './flag-text.ts';
import { refuseQuotes } from './mount-flag.ts';

const FORM = 'Write -v /srv/data:/data:ro.';

/** `-v SOURCE:TARGET[:ro|rw]`; a name for a source is a volume, which the policy has to list. */
export const readVolume: FlagReader = (draft, { value, asWritten }, policy) => {
  refuseQuotes(value);
  const parts = value.split(':');
  const [source = '', target, options] = parts;
  if (parts.length > 3)
    throw mountSyntax(value, 'it has more than three parts', `${FORM} A path in -v cannot hold a colon.`);
  if (target !== undefined && policy.volumes.some(({ name }) => name === source)) {
    checkTargetPath(target);
    const readOnly = readOptions(value, options);
    draft.mounts.push({ type: 'volume', volume: source, target, readOnly, asWritten });
    return;
  }
  if (target === undefined || /^[A-Za-z0-9][\w.-]*$/.test(source)) {
    const allowed = policy.volumes.map(({ name }) => name);
    const advice = 'Mount a directory of the host by its absolute path, or use --tmpfs for scratch space.';
    throw needsPolicy('--volume', value, 'a volume', `${advice} ${FORM}`, policy, allowed);
  }
  if (source.includes(',') || target.includes(','))
    throw mountSyntax(value, 'a path holds a comma', 'Rename the directory.');
  checkSourcePath(source);
  checkTargetPath(target);
  draft.mounts.push({ type: 'bind', source, target, readOnly: readOptions(value, options), asWritten });
};

function readOptions(value: string, options: string | undefined): boolean {
  if (options === undefined || options === 'rw') return false;
  if (options === 'ro') return true;
  const unknown = options.split(',').find((option) => option !== 'ro' && option !== 'rw');
  if (unknown === undefined) throw mountSyntax(value, 'ro and rw are given more than once', FORM);
  const why = unknown === '' ? 'an option is empty' : `${quoted(unknown, 64)} is neither ro nor rw`;
  throw mountSyntax(value, why, `${FORM} Labels, propagation and copying are not for a profile to set.`);
}
