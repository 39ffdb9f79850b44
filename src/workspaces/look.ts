import { repositoryUnreachable } from './errors.ts';
import { lastLines, runGit } from './git.ts';
import { type Remote, whileYoung } from './remote.ts';

/** Refs of a remote as they are now, by full name, and the branch of its HEAD where the names include `HEAD`. */
type RemoteRefs = { refs: ReadonlyMap<string, string>; head: string | undefined };

const LOOK_TIMEOUT_MS = 30_000;

/**
 * Asks a remote for refs by their full names, or patterns of them; what is not there is not in the answer. Branches alone
 * (`heads`) spare the server everything else, which `HEAD` does not. Throws what reading a repository throws.
 */
export async function lookAt(
  remote: Remote,
  names: readonly string[],
  options: LookOptions,
): Promise<RemoteRefs> {
  return await whileYoung(remote, options.signal, () => lookOnce(remote, names, options));
}

type LookOptions = { cwd: string; signal: AbortSignal; heads?: boolean };

async function lookOnce(remote: Remote, names: readonly string[], options: LookOptions): Promise<RemoteRefs> {
  const which = options.heads ? ['--heads'] : ['--symref'];
  const { stdout, stderr, exitCode } = await remote.withEnv(
    async (env) =>
      await runGit(['ls-remote', ...which, '--', remote.url, ...names], {
        cwd: options.cwd,
        env,
        settings: remote.settings,
        timeoutMs: LOOK_TIMEOUT_MS,
        signal: options.signal,
      }),
  );
  if (exitCode !== 0)
    throw (await remote.diagnose(options.signal)) ?? repositoryUnreachable(remote.url, lastLines(stderr));
  const lines = stdout.split('\n').map((line) => line.split('\t'));
  const [, head] = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(stdout) ?? [];
  return { refs: new Map(lines.flatMap(([commit, ref]) => (commit && ref ? [[ref, commit]] : []))), head };
}

/** The commit that the head of a pull request is at, or undefined when there is no such pull request. Throws what reading a repository throws. */
export async function readPullHead(
  remote: Remote,
  number: number,
  options: { cwd: string; signal: AbortSignal },
): Promise<string | undefined> {
  const ref = `refs/pull/${number}/head`;
  return (await lookAt(remote, [ref], options)).refs.get(ref);
}
