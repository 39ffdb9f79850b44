import { posix } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { quoted } from '../base/text.ts';
import { hasControlCharacters, hasInvisibleCharacters } from './text.ts';

/** The kernel's PATH_MAX and NAME_MAX, without the final NUL. */
const MAX_PATH_BYTES = 4095;
const MAX_NAME_BYTES = 255;

/** Holds the source of a bind to: absolute, literal, no longer than the kernel takes. Throws `mount_path_invalid`. */
export function checkSourcePath(path: string): void {
  if (path.startsWith('~')) {
    throw pathInvalid(
      'source',
      path,
      '`~` is not expanded here',
      'Write the home directory out, for example /home/user/.secrets/gh-token.',
    );
  }
  if (/\$[A-Za-z_{(]/.test(path)) {
    throw pathInvalid(
      'source',
      path,
      'variables are not expanded here',
      'Write the path out, for example /home/user/.secrets/gh-token.',
    );
  }
  checkPath('source', path);
}

/** Holds a path inside the container to: absolute and in normal form. Throws `mount_path_invalid`. */
export function checkTargetPath(path: string): void {
  checkPath('destination', path);
  if (path !== '/' && posix.normalize(path).replace(/\/$/, '') !== path) {
    const normal = posix.normalize(path).replace(/(.)\/$/, '$1');
    throw pathInvalid(
      'destination',
      path,
      'it is not in normal form',
      `Write it without \`.\`, \`..\`, \`//\` and a final slash: ${normal}`,
    );
  }
}

function checkPath(what: 'source' | 'destination', path: string): void {
  if (!path.startsWith('/')) {
    const why = path === '' ? 'it is empty' : 'it is relative';
    throw pathInvalid(what, path, why, 'Write an absolute path, which begins with a slash.');
  }
  if (hasControlCharacters(path) || hasInvisibleCharacters(path)) {
    throw pathInvalid(
      what,
      path,
      'it holds characters that cannot be seen',
      'Remove them, or rename the directory.',
    );
  }
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw pathInvalid(what, path, `it is longer than ${MAX_PATH_BYTES} bytes`, 'Use a shorter path.');
  }
  if (path.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES)) {
    throw pathInvalid(
      what,
      path,
      `one of its names is longer than ${MAX_NAME_BYTES} bytes`,
      'Use shorter names.',
    );
  }
}

function pathInvalid(what: 'source' | 'destination', path: string, why: string, hint: string): FlowError {
  return new FlowError({
    code: 'mount_path_invalid',
    blame: 'profile',
    message: `The ${what} ${quoted(path)} of a mount cannot be used: ${why}.`,
    hint,
  });
}
