import { asFlowError, type FlowError } from '../../base/errors.ts';
import type { AppApi, Installation, MintedToken } from '../../github/app-api.ts';
import { installationSuspended, permissionMissing, repositoryNotReached } from './errors.ts';
import type { Installations } from './installations.ts';
import { matchPermissions } from './permissions.ts';

/** What a token is to be good for. `exact`: a permission that is not there is a fault. */
export type TokenWant = {
  repository: string;
  permissions: Readonly<Record<string, string>>;
  exact: boolean;
};

/** Faults that may come from an installation that has changed since it was looked at. */
const STALE = new Set([
  'app_installation_suspended',
  'app_permission_missing',
  'app_permissions_not_accepted',
  'app_installation_gone',
  'app_request_refused',
  'app_refused',
]);

/**
 * Mints one token, for one repository and no permission that was not asked for; undefined when the App is not
 * installed there. A refusal is believed only once the installation has been looked at anew, so that what somebody
 * has just fixed counts. Throws the `app_…` codes and those of `GitHubClient`.
 */
export async function mintToken(
  name: string,
  { api, installations }: { api: AppApi; installations: Installations },
  want: TokenWant,
): Promise<MintedToken | undefined> {
  const known = await installations.find(want.repository);
  if (!known) return undefined;
  try {
    return await mintFrom(name, api, known, want);
  } catch (error) {
    if (!STALE.has(asFlowError(error).code)) throw error;
  }
  const fresh = await installations.find(want.repository, true);
  if (!fresh) return undefined;
  try {
    return await mintFrom(name, api, fresh, want);
  } catch (error) {
    throw explained(name, want, asFlowError(error));
  }
}

async function mintFrom(
  name: string,
  api: AppApi,
  installation: Installation,
  { repository, permissions, exact }: TokenWant,
): Promise<MintedToken> {
  if (installation.suspendedAt !== null) throw installationSuspended(name, installation);
  const { granted, missing } = matchPermissions(permissions, installation.permissions);
  if (exact && missing.length > 0) throw permissionMissing(name, repository, missing, installation);
  return await api.mint({
    installation: installation.id,
    settingsUrl: installation.url,
    repository: repository.split('/')[1] ?? '',
    permissions: granted,
  });
}

/** What was asked for is what the installation has, so that a refusal of it is about the repository. */
function explained(name: string, { repository }: TokenWant, fault: FlowError): FlowError {
  return fault.code === 'app_request_refused' ? repositoryNotReached(name, repository, fault) : fault;
}
