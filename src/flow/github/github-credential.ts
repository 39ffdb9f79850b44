import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Plan } from '../../containers/plan.ts';
import type { GitHubTokens, Permissions } from '../../credentials/github/github-tokens.ts';
import { createTokenClients } from '../../credentials/github/token-clients.ts';
import type { AppSecret } from '../../credentials/github-app/record.ts';
import type { GitHubClient } from '../../github/client.ts';
import type { Logger } from '../../log/logger.ts';
import type { Profile } from '../../profiles/profile.ts';

/** Where a run finds its GitHub token. */
export const TOKEN_TARGET = '/run/secrets/gh-token';

/** The name of the token's copy below `/run/secrets`. */
export const TOKEN_NAME = 'gh-token';

/** What a run may do with an App's token when its profile mounts a token and says no more. */
const MOUNTED_PERMISSIONS: Permissions = {
  contents: 'write',
  issues: 'write',
  metadata: 'read',
  pull_requests: 'write',
};

/** What the service itself needs a token for, and the least that each takes. */
const PURPOSES = {
  clone: { contents: 'read', metadata: 'read' },
  lookup: { metadata: 'read', members: 'read', issues: 'read', pull_requests: 'read' },
  report: { issues: 'write', pull_requests: 'write', checks: 'write', discussions: 'write' },
  publish: { contents: 'write', pull_requests: 'write', issues: 'write' },
  publishWorkflows: { contents: 'write', pull_requests: 'write', issues: 'write', workflows: 'write' },
  hooks: { metadata: 'read', repository_hooks: 'write' },
} as const satisfies Record<string, Permissions>;

/** What the service itself asks GitHub for: a clone, somebody's permission, a report, a publication (also one of workflow files), a look at the webhooks. */
export type Purpose = keyof typeof PURPOSES;

/** What a publication of a profile's runs asks for: writing workflow files only where the profile publishes them. */
export function publishPurpose(profile: Profile): Purpose {
  return profile.publish?.limits.workflows ? 'publishWorkflows' : 'publish';
}

/** The permissions that a purpose takes. */
export function permissionsFor(purpose: Purpose): Permissions {
  return PURPOSES[purpose];
}

/** The permissions that a profile's runs get of an App's token; reading metadata is part of every one. */
export function runPermissions(profile: Profile): Permissions {
  return { metadata: 'read', ...(profile.credentials.github?.permissions ?? MOUNTED_PERMISSIONS) };
}

/** What the GitHub credential of a profile's runs is: of the App in `appSecret` where the profile names one, else of the App that serves, else the token in `tokenFile`. */
export type CredentialSource = { tokenFile: string; appSecret?: AppSecret };

/** Where a profile's runs have their GitHub credential from, and the service when it works for them. */
export function credentialSource(profile: Profile, secretsDir: string): CredentialSource {
  return { tokenFile: tokenFileFor(profile, secretsDir), ...appSecretOf(profile) };
}

/** The secret whose App a profile names. */
export function appSecretOf({ path, credentials }: Profile): { appSecret?: AppSecret } {
  const name = credentials.github?.app;
  return name === undefined ? {} : { appSecret: { profile: path, name } };
}

/** The same text for profiles whose runs have one credential. */
export function credentialKey(profile: Profile, secretsDir: string): string {
  const { tokenFile, appSecret } = credentialSource(profile, secretsDir);
  return appSecret ? `secret:${appSecret.profile}:${appSecret.name}` : tokenFile;
}

/** The token file that a run's own GitHub credential is where no App serves: the one its profile mounts, else the service's own. */
function tokenFileFor(profile: Profile, secretsDir: string): string {
  const mounted = profile.execution.runtime.dockerArgs.mounts.find(
    (mount) => mount.type === 'bind' && mount.target === TOKEN_TARGET,
  );
  return mounted?.type === 'bind' ? mounted.source : join(secretsDir, 'gh-token');
}

/** The mount that stands for the GitHub token in a plan; undefined for a run that is granted none. */
export function tokenMount({ mounts }: Pick<Plan, 'mounts'>): Plan['mounts'][number] | undefined {
  return mounts.find(({ kind, name }) => kind === 'credential' && name === TOKEN_NAME);
}

/** A GitHub client with the credential that a profile's runs in a repository (`owner/name`) have. */
export type ClientFor = (profile: Profile, repository: string, purpose: Purpose) => GitHubClient;

/** One client for each repository, purpose and credential. */
export function createClients(parts: {
  apiUrl: string;
  secretsDir: string;
  tokens: GitHubTokens;
  clock: Clock;
  log: Logger;
}): ClientFor {
  const { apiUrl, secretsDir, tokens, clock, log } = parts;
  const clientOf = createTokenClients({ apiUrl, tokens, clock, log });
  return (profile, repository, purpose) =>
    clientOf({ repository, permissions: permissionsFor(purpose), ...credentialSource(profile, secretsDir) });
}
