import type { Fault } from '../../base/errors.ts';
import type { LoadResult } from './load.ts';

/**
 * The folders that lack something and that nothing below makes whole: defaults of no profile, most likely a profile
 * that was not finished. The service would go on without them, so whoever checks profiles is told.
 */
export function incompleteProfiles({
  profiles,
  defaults,
}: Pick<LoadResult, 'profiles' | 'defaults'>): Fault[] {
  const isUsed = (path: string): boolean =>
    profiles.some((profile) => path === '.' || profile.path.startsWith(`${path}/`));
  return defaults.filter(({ path }) => !isUsed(path)).map(({ path, missing }) => incomplete(path, missing));
}

function incomplete(path: string, missing: readonly string[]): Fault {
  return {
    code: 'profile_incomplete',
    file: path === '.' ? 'profile.json' : `${path}/profile.json`,
    message: `The profile ${path} lacks ${missing.join(', ')}, and no profile below it has that, so no event can ever start it.`,
    hint: `Add ${missing.join(', ')}, there or in a folder above it; or remove it.`,
  };
}
