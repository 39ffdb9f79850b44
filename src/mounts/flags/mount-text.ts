import { parseBytes } from '../../base/bytes.ts';
import { flagWeakens, mountSyntax } from '../errors.ts';

/** Quotes and line breaks would mean one thing to Docker's CSV reader and another to whoever reads the profile. */
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
