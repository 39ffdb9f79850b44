import { patiently } from '../base/backoff.ts';
import { FlowError } from '../base/errors.ts';
import type { Remote } from './remote.ts';

/** Work with a remote, done again within some seconds while the server does not take a credential that is new. */
export async function whileYoung<T>(remote: Remote, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return await patiently(remote.young, { subject: remote, signal, isTooYoung }, work);
}

/** Whoever may read a public repository without a credential is refused the push alone. */
function isTooYoung(error: unknown): boolean {
  return error instanceof FlowError && ['repository_login_refused', 'push_forbidden'].includes(error.code);
}
