import { FlowError } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { quoted } from '../../base/text.ts';
import type { DenyList } from './deny-list.ts';
import { insideSecrets } from './deny-match.ts';
import type { ResolvedPath } from './resolve.ts';

/**
 * Refuses a credential that lies outside of SECRETS_DIR and of the `.secrets` of each home, unless the policy lists it or what holds it: whatever the
 * service can read would otherwise be copied for whoever writes a profile. Throws `mount_credential_outside`.
 */
export function refuseOutside(source: string, resolved: ResolvedPath, list: DenyList): void {
  if (insideSecrets(resolved, list) !== undefined) return;
  if (list.policy.mounts.some((mount) => isInside(mount.source, resolved.real))) return;
  throw new FlowError({
    code: 'mount_credential_outside',
    blame: 'profile',
    message: `${quoted(source)} is a credential and lies outside of SECRETS_DIR, and ${list.policy.file ? `the policy in ${list.policy.file} does not list it` : 'that needs a policy of the admin, and none is set'}.`,
    hint: `Keep it as a named secret (\`github-flows secret set NAME\`, then credentials.secrets), move it into the secrets directory if it is gh-token or an agent's state, or ask the admin to list ${quoted(resolved.real)} under \`mounts\` in ${list.policy.file ?? 'a policy (POLICY_FILE)'}.`,
  });
}
