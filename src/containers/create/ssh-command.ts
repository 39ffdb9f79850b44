import type { PlanSsh } from '../plan.ts';

const KEY = '/run/secrets/GIT_SSH_KEY';
const KNOWN_HOSTS = '/run/secrets/GIT_SSH_KNOWN_HOSTS';

/** Where the keys of hosts that were met for the first time are kept while the run lives. */
const NEW_HOSTS = '/tmp/github-flows-known-hosts';

/** The command that git reaches hosts by: this key and no other, nobody to ask, and only hosts that are known. */
export function sshCommand({ hostKeys, knownHosts }: PlanSsh): string {
  const files = [...(hostKeys === 'accept-new' ? [NEW_HOSTS] : []), ...(knownHosts ? [KNOWN_HOSTS] : [])];
  const options = [
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=yes',
    `StrictHostKeyChecking=${hostKeys === 'pinned' ? 'yes' : 'accept-new'}`,
    `UserKnownHostsFile=${files.join(' ')}`,
    'GlobalKnownHostsFile=/dev/null',
  ];
  return `ssh -i ${KEY} ${options.map((option) => `-o '${option}'`).join(' ')}`;
}
