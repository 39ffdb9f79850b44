import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { FlowError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { quoted } from '../../base/text.ts';
import { findSecrets, type SecretSearch } from '../../credentials/leak-scan/find-secrets.ts';
import type { Redactor } from '../../log/redact.ts';
import { CONTENTS } from '../../publish/bundle/keep-changes.ts';

/** How long a search may take, and how many places it names. */
const SEARCH_MS = 30_000;
const MAX_FOUND = 20;
const MAX_NAME = 300;

/** How what is in the commits is named. */
const COMMITS = 'commits';

/** What searching what an agent left came to; `inChanges` is about its commits, which are kept and published only when they are clean and searched whole. */
type LeftSearch = {
  /** The error that names the files; absent when no value was found. */
  found?: { issue: FlowError; files: string[]; inChanges: boolean };
  /** Why it is not whole; absent when it is. */
  cut?: { text: string; cuts: string[]; inChanges: boolean };
};

/**
 * Searches workspace, log and new commits for `values`. What may be published is searched by itself, so that a
 * workspace that is too large does not leave that in doubt.
 */
export async function searchForSecrets(
  { clock, redactor }: { clock: Clock; redactor: Redactor },
  values: readonly Secret[],
  where: { workspace: string; sinceNs: bigint | undefined; log: string; quarantine: string },
): Promise<LeftSearch> {
  const { workspace, sinceNs, log, quarantine } = where;
  const look = async (roots: Parameters<typeof findSecrets>[1]['roots']): Promise<SecretSearch> =>
    await findSecrets(values, { roots, timeoutMs: SEARCH_MS, limit: MAX_FOUND, clock });
  const [left, kept] = await Promise.all([
    look([{ name: 'workspace', dir: workspace, ...(sinceNs === undefined ? {} : { sinceNs }) }]),
    look([
      { name: 'log', dir: log },
      { name: COMMITS, dir: join(quarantine, CONTENTS) },
    ]),
  ]);
  const paths = [...kept.found, ...left.found];
  const cuts = [...new Set([...kept.cuts, ...left.cuts])];
  const files = paths.map((path) => showable(redactor, path));
  const text = `The search for values that were granted to the run is incomplete: ${cuts.join('; ')}.`;
  const inChanges = kept.found.some(isOfChanges);
  return {
    ...(paths.length > 0 && { found: { issue: secretFound(files), files, inChanges } }),
    ...(cuts.length > 0 && { cut: { text, cuts, inChanges: kept.cuts.length > 0 } }),
  };
}

/** Whether none of `values` was found in the files of a directory. */
export async function isFree(clock: Clock, values: readonly Secret[], dir: string): Promise<boolean> {
  const options = { roots: [{ name: COMMITS, dir }], timeoutMs: SEARCH_MS, limit: 1, clock };
  return (await findSecrets(values, options)).found.length === 0;
}

function isOfChanges(path: string): boolean {
  return path.startsWith(`${COMMITS}/`) || path.startsWith('log/changes.');
}

/** A name that an agent chose: without any value, on one line, and not endless. */
function showable(redactor: Redactor, path: string): string {
  const masked = redactor.mask(path.startsWith(`${COMMITS}/`) ? COMMITS : path);
  return quoted(masked, MAX_NAME).slice(1, -1);
}

function secretFound(files: readonly string[]): FlowError {
  return new FlowError({
    code: 'secret_found',
    blame: 'agent',
    message: `A value that was granted to this run is in what it left: ${files.join(', ')}.`,
    hint: 'Treat the credential as compromised: rotate it, check `github-flows runs logs` for what the agent did, and delete the files.',
  });
}
