import { FlowError } from '../base/errors.ts';
import type { Logger } from '../log/logger.ts';
import { createGitHubClient, type SignIn } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { errorCode } from './request-error.ts';

/** The rights that the service requests of accounts that install it: reading and writing what runs are about, and nothing of workflows or secrets. */
export const APP_PERMISSIONS = {
  actions: 'read',
  checks: 'write',
  contents: 'write',
  discussions: 'write',
  issues: 'write',
  members: 'read',
  metadata: 'read',
  pull_requests: 'write',
} as const;

/** Every event that a profile may wait for. */
const EVENTS = [
  'check_run',
  'discussion',
  'discussion_comment',
  'issue_comment',
  'issues',
  'label',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'push',
  'repository_dispatch',
  'workflow_run',
];

/** The description of an App that GitHub makes it from: https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export function appManifest(parts: { name: string; publicUrl: string; callbackUrl: string }): object {
  return {
    name: parts.name,
    url: parts.publicUrl,
    hook_attributes: { url: `${parts.publicUrl}/webhooks/github`, active: true },
    redirect_url: `${parts.callbackUrl}/callback`,
    setup_url: `${parts.callbackUrl}/setup`,
    public: false,
    default_permissions: APP_PERMISSIONS,
    default_events: EVENTS,
  };
}

/** Where a browser takes a manifest to; the state comes back from there. */
export function manifestAddress(serverUrl: string, organisation: string | null, state: string): string {
  const place = organisation === null ? '' : `/organizations/${encodeURIComponent(organisation)}`;
  return `${serverUrl}${place}/settings/apps/new?state=${encodeURIComponent(state)}`;
}

/** What GitHub returns for a manifest, once. */
type NewlyMadeApp = {
  id: number;
  slug: string | null;
  clientId: string;
  name: string;
  owner: string | null;
  url: string;
  pem: string;
  webhookSecret: string | null;
};

/** The request is signed by its code alone. */
const UNSIGNED: SignIn = {
  authStrategy: () => ({
    hook: async (request: (options: object) => unknown, options: object) => await request(options),
  }),
  auth: {},
};

/** Trades the code that GitHub gave the browser for the App. Throws `app_code_refused` and what `GitHubClient` says of silence and limits. */
export async function convertManifest(parts: {
  apiUrl: string;
  code: string;
  log: Logger;
}): Promise<NewlyMadeApp> {
  const what = 'the new App';
  const client = createGitHubClient({ ...parts, signIn: UNSIGNED });
  try {
    const { data } = await client.ask(
      what,
      async (request) => await request('POST /app-manifests/{code}/conversions', { code: parts.code }),
    );
    return newlyMade(what, data);
  } catch (error) {
    if (
      ['github_not_found', 'github_invalid', 'github_refused', 'github_token_refused'].includes(
        errorCode(error) ?? '',
      )
    )
      throw codeRefused(error);
    throw error;
  }
}

function newlyMade(what: string, data: unknown): NewlyMadeApp {
  if (typeof data !== 'object' || data === null) throw answerUnreadable(what);
  const { id, slug, client_id, name, owner, html_url, pem, webhook_secret } = data as Record<string, unknown>;
  const isWhole =
    Number.isSafeInteger(Number(id)) &&
    [client_id, html_url, pem].every((text) => typeof text === 'string' && text !== '');
  if (!isWhole) throw answerUnreadable(what);
  const login = (owner as { login?: unknown } | null)?.login;
  return {
    id: Number(id),
    slug: typeof slug === 'string' ? slug : null,
    clientId: String(client_id),
    name: String(name),
    owner: typeof login === 'string' ? login : null,
    url: String(html_url),
    pem: String(pem),
    webhookSecret: typeof webhook_secret === 'string' && webhook_secret !== '' ? webhook_secret : null,
  };
}

function codeRefused(cause: unknown): FlowError {
  const { message } = cause as FlowError;
  return new FlowError({
    code: 'app_code_refused',
    blame: 'operator',
    message: `GitHub gave no App for this code, which is good once and for an hour: ${message}`,
    hint: 'If the App is in your list on GitHub, make a private key in its settings and use `github-flows app add`; else begin again with `github-flows app create`.',
    cause,
  });
}
