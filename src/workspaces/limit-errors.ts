import { formatBytes } from '../base/bytes.ts';
import { FlowError } from '../base/errors.ts';

/** Git was ended by one of the limits that hold for each of its processes on this host. */
export function overLimits(
  what: string,
  limits: { cpuSec: number; memoryBytes: number; fileBytes: number },
  doing: string,
): FlowError {
  const { cpuSec, memoryBytes, fileBytes } = limits;
  return new FlowError({
    code: 'repository_over_limits',
    blame: 'sender',
    message: `Git wanted more ${what} than it may have while it ${doing}: a process has ${cpuSec} s of processor time, ${formatBytes(memoryBytes)} of memory and ${formatBytes(fileBytes)} for one file.`,
    hint: 'See what is in the commit; if the repository is that large by right, raise GIT_CPU_SEC, GIT_MEMORY, FETCH_BYTES, CHECKOUT_BYTES or PREPARE_TIMEOUT_SEC (docs/configuration.md).',
  });
}

/** A fetch that brings more than it may, all its files together. */
export function fetchTooLarge(bytes: number): FlowError {
  return new FlowError({
    code: 'repository_over_limits',
    blame: 'sender',
    message: `The server gave more than ${formatBytes(bytes)} in one fetch, and a fetch may bring no more.`,
    hint: 'See what is in the repository; if it is that large by right, raise FETCH_BYTES (docs/configuration.md).',
  });
}

/** More files, or more bytes in them, than a workspace may begin with; counted before any of it is written. */
export function checkoutTooLarge(
  commit: string,
  passed: { what: string; limit: string; option: string },
): FlowError {
  return new FlowError({
    code: 'checkout_too_large',
    blame: 'sender',
    message: `The commit ${commit} holds more than ${passed.limit} ${passed.what}, and a workspace begins with no more than that.`,
    hint: `See what is in the commit; if it is that large by right, raise ${passed.option} (docs/configuration.md).`,
  });
}

/** Git refuses to make the files of a commit: their names lead out of the tree, into .git, or fit no file system. */
export function checkoutRefused(commit: string, detail: string): FlowError {
  return new FlowError({
    code: 'checkout_failed',
    blame: 'sender',
    message: `The files of the commit ${commit} cannot be made: ${detail}.`,
    hint: 'Rename what git names here in a new commit: paths may not lead out of the repository or into .git, and no name may be longer than 255 bytes.',
  });
}

/** A repository whose objects are named by SHA-256, which cannot be fetched into one of SHA-1. */
export function sha256Unsupported(what: string): FlowError {
  return new FlowError({
    code: 'repository_sha256_unsupported',
    blame: 'operator',
    message: `${what} names its objects by SHA-256 (64 hex digits), and only repositories of SHA-1 are worked on.`,
    hint: 'Take the repository out of the trigger, or move it to one that was made with `git init --object-format=sha1`.',
  });
}
