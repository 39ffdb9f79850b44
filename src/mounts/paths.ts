import { posix } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { isInside } from '../base/files.ts';
import { quoted } from '../base/text.ts';

/** The kernel's PATH_MAX and NAME_MAX, without the final NUL. */
const MAX_PATH_BYTES = 4095;
const MAX_NAME_BYTES = 255;

/** Checks the source of a bind: absolute, literal, no longer than the kernel takes. Throws `mount_path_invalid`. */
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

/** Checks a path inside the container: absolute and in normal form. Throws `mount_path_invalid`. */
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

/** Cc: what a terminal or a line-based format acts on; a lone surrogate cannot be written as UTF-8 at all. */
const CONTROL = /\p{Cc}/u;

/** Characters without a picture of their own: bidi marks, zero-width ones, separators of lines and paragraphs. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}]/u;

/** Whether an argument holds a control character (tab and newline are ones) or is no well-formed Unicode. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text) || !text.isWellFormed();
}

/** Whether a path holds invisible characters, so that it is not what it looks like. */
function hasInvisibleCharacters(text: string): boolean {
  return INVISIBLE.test(text);
}

/** Where the copies of a run's credentials lie in its container. */
export const SECRETS_TARGET = '/run/secrets';

/** The directories of a container that belong to its image, its kernel or to the service. */
const TAKEN = ['/bin', '/boot', '/dev', '/etc', '/proc', '/root', '/run', '/sbin', '/sys', '/usr', '/var'];

/**
 * Checks a path in the container, for a mount or as the working directory: not `/`, not `/workspace`
 * itself, and not in a directory of the system. Throws `mount_path_invalid`, `mount_target_denied`.
 */
export function checkTarget(target: string): void {
  checkTargetPath(target);
  if (target === '/') throw targetDenied(target, 'it is the whole container');
  if (target === '/workspace') throw targetDenied(target, "it is the run's own workspace");
  const root = TAKEN.find((directory) => isInside(directory, target)) ?? /^\/lib[^/]*/.exec(target)?.[0];
  if (root !== undefined) throw targetDenied(target, `${root} belongs to the image or to the service`);
}

/**
 * Like `checkTarget`, and below `/workspace` only a name of its own directly there: the engine makes mount points
 * as root, deeper ones could not be removed by a service that is not root, and in the clone the repository's own
 * links would decide where the mount ends up. Throws `mount_path_invalid`, `mount_target_denied`.
 */
export function checkMountTarget(target: string): void {
  checkTarget(target);
  if (!isInside('/workspace', target)) return;
  const [, , name, ...deeper] = target.split('/');
  if (name === 'repo') throw targetDenied(target, 'the clone of the repository lies in /workspace/repo');
  if (deeper.length > 0) throw targetDenied(target, 'inside /workspace a mount lies directly below it');
}

function targetDenied(target: string, why: string): FlowError {
  return new FlowError({
    code: 'mount_target_denied',
    blame: 'profile',
    message: `${quoted(target)} cannot be a destination in the container: ${why}.`,
    hint: 'Choose a place of its own, such as /data or /home/user/data; credential files go directly below /run/secrets.',
  });
}
