import { changesInvalid } from '../errors.ts';

const COMMIT = '[0-9a-f]{40}';

/**
 * The one commit that a bundle brings, from the text before its objects. It is a bundle of exactly one ref, which is
 * one of `refs`; what it says of commits that must be there already is not believed but found out.
 * Throws `changes_invalid`. https://git-scm.com/docs/gitformat-bundle
 */
export function readBundleHeader(header: string, refs: readonly string[]): string {
  const [signature, ...lines] = header.split('\n');
  if (signature !== '# v2 git bundle') throw changesInvalid('it is not a bundle of version 2');
  const heads = lines.filter((line) => !new RegExp(`^-${COMMIT}(?: .*)?$`).test(line));
  const [, commit, ref = ''] = new RegExp(`^(${COMMIT}) (.+)$`).exec(heads[0] ?? '') ?? [];
  if (commit === undefined || heads.length !== 1 || !refs.includes(ref))
    throw changesInvalid(`its header has ${heads.length} lines that are not ${refs.join(' or ')}`);
  return commit;
}

/** How many objects a pack declares, from its first twelve bytes. Throws `changes_invalid`. */
export function readPackHeader(head: Buffer): number {
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'PACK' || head.readUInt32BE(4) !== 2)
    throw changesInvalid('no objects follow its header');
  return head.readUInt32BE(8);
}
