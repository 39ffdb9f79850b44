import { isObject } from '../base/json.ts';
import type { Logger } from '../log/logger.ts';
import { appError, mintError } from './app-errors.ts';
import { createGitHubClient, type SignIn } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { errorCode } from './request-error.ts';
import { checkRepositoryName } from './urls.ts';

/** Levels by the name that GitHub gives a permission of an App: `{ contents: 'write' }`. */
type AppPermissions = Readonly<Record<string, string>>;

/** What GitHub says of the App that signed in. */
type AppIdentity = {
  id: number;
  slug: string | null;
  clientId: string | null;
  owner: string | null;
  url: string;
  permissions: AppPermissions;
};

/** An App on one account: what it may there, and since when (milliseconds) it may nothing, if so. */
export type Installation = {
  id: number;
  account: string;
  permissions: AppPermissions;
  repositorySelection: 'all' | 'selected';
  suspendedAt: number | null;
  /** Where its owner changes it. */
  url: string;
};

/** A token as it was minted. `livesMs` is counted by GitHub’s own clock, so that ours may be off. */
export type MintedToken = { value: string; livesMs: number; permissions: AppPermissions };

/**
 * GitHub as one App sees it. Every call throws `app_key_refused`, `app_refused` and what `GitHubClient` says of
 * GitHub’s silence and limits; what a call throws besides stands at it.
 */
export type AppApi = {
  /** Throws `app_unknown`. */
  self(): Promise<AppIdentity>;
  /** The newest thousand at the most. */
  installations(): Promise<Installation[]>;
  /** Undefined when the App has no such installation (any more). */
  installation(id: number): Promise<Installation | undefined>;
  /** Undefined when the App is not installed on that repository, or there is none. */
  installationOf(owner: string, repository: string): Promise<Installation | undefined>;
  /** A token for one repository of the installation's account, or for all that it reaches. Throws `app_installation_gone`, `app_installation_suspended`, `app_permissions_not_accepted`, `app_request_refused`. */
  mint(want: {
    installation: number;
    /** Where the owner of the installation changes it, for messages. */
    settingsUrl?: string;
    repository?: string;
    permissions: AppPermissions;
  }): Promise<MintedToken>;
};

const PAGE_SIZE = 100;
const MAX_PAGES = 10;

/** An App's API; `name` is what messages call the App. */
export function createAppApi(parts: {
  apiUrl: string;
  name: string;
  signIn: SignIn;
  log: Logger;
  /** Is given the time that GitHub's answers have, in milliseconds since 1970. */
  onDate?: (gitHubMs: number) => void;
}): AppApi {
  const { name } = parts;
  const client = createGitHubClient(parts);
  const ask: typeof client.ask = async (what, work) => {
    try {
      return await client.ask(what, work);
    } catch (error) {
      throw appError(name, error);
    }
  };
  return {
    async self() {
      const what = `the App ${name}`;
      const { data } = await ask(what, async (request) => await request('GET /app'));
      return identityOf(what, data);
    },
    async installations() {
      const what = `the installations of the App ${name}`;
      return await ask(what, async (request) => {
        const found: Installation[] = [];
        for (let page = 1; page <= MAX_PAGES; page += 1) {
          const { data } = await request('GET /app/installations', { per_page: PAGE_SIZE, page });
          if (!Array.isArray(data)) throw answerUnreadable(what);
          found.push(...data.map((each) => installationOf(what, each)));
          if (data.length < PAGE_SIZE) break;
        }
        return found;
      });
    },
    installation: async (id) =>
      await optional(async () => {
        const what = `installation ${id} of the App ${name}`;
        const route = 'GET /app/installations/{installation_id}';
        const { data } = await client.ask(
          what,
          async (request) => await request(route, { installation_id: id }),
        );
        return installationOf(what, data);
      }, name),
    async installationOf(owner, repo) {
      checkRepositoryName(owner, repo);
      const what = `the installation of the App ${name} on ${owner}/${repo}`;
      const route = 'GET /repos/{owner}/{repo}/installation';
      return await optional(async () => {
        const { data } = await client.ask(what, async (request) => await request(route, { owner, repo }));
        return installationOf(what, data);
      }, name);
    },
    async mint({ installation, settingsUrl = '', repository, permissions }) {
      const what = `a token of the App ${name}${repository === undefined ? '' : ` for ${repository}`}`;
      const answer = await client
        .ask(
          what,
          async (request) =>
            await request('POST /app/installations/{installation_id}/access_tokens', {
              installation_id: installation,
              ...(repository === undefined ? {} : { repositories: [repository] }),
              permissions,
            }),
        )
        .catch((error: unknown) => {
          throw mintError(name, { id: installation, settingsUrl }, error);
        });
      return mintedOf(what, answer);
    },
  };
}

async function optional<T>(look: () => Promise<T>, name: string): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (errorCode(error) === 'github_not_found') return undefined;
    throw appError(name, error);
  }
}

type Fields = Record<string, unknown>;

function fieldsOf(what: string, data: unknown): Fields {
  if (!isObject(data)) throw answerUnreadable(what);
  return data as Fields;
}

function identityOf(what: string, data: unknown): AppIdentity {
  const fields = fieldsOf(what, data);
  if (!isId(fields.id) || typeof fields.html_url !== 'string') throw answerUnreadable(what);
  return {
    id: Number(fields.id),
    slug: textOf(fields.slug),
    clientId: textOf(fields.client_id),
    owner: loginOf(fields.owner),
    url: fields.html_url,
    permissions: permissionsOf(fields.permissions),
  };
}

function installationOf(what: string, data: unknown): Installation {
  const fields = fieldsOf(what, data);
  const account = loginOf(fields.account);
  if (!isId(fields.id) || account === null) throw answerUnreadable(what);
  const suspendedAt = typeof fields.suspended_at === 'string' ? Date.parse(fields.suspended_at) : null;
  return {
    id: Number(fields.id),
    account,
    permissions: permissionsOf(fields.permissions),
    repositorySelection: fields.repository_selection === 'all' ? 'all' : 'selected',
    suspendedAt: Number.isNaN(suspendedAt) ? 0 : suspendedAt,
    url: textOf(fields.html_url) ?? '',
  };
}

function mintedOf(what: string, answer: { data: unknown; headers: { date?: string } }): MintedToken {
  const { token, expires_at, permissions } = fieldsOf(what, answer.data);
  const expiresAt = Date.parse(String(expires_at));
  // Without GitHub's own time nothing but a fixed lifetime could be right, and that is an hour:
  // https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
  const now = Date.parse(answer.headers.date ?? '');
  const livesMs = Number.isNaN(now) ? 3_600_000 : expiresAt - now;
  if (typeof token !== 'string' || !/^[\x21-\x7e]{10,4000}$/.test(token) || Number.isNaN(expiresAt))
    throw answerUnreadable(what);
  return { value: token, livesMs, permissions: permissionsOf(permissions) };
}

function isId(value: unknown): boolean {
  return (typeof value === 'number' || typeof value === 'bigint') && Number.isSafeInteger(Number(value));
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Accounts have a login, enterprises a slug. */
function loginOf(account: unknown): string | null {
  if (typeof account !== 'object' || account === null) return null;
  const { login, slug } = account as Fields;
  return textOf(login) ?? textOf(slug);
}

function permissionsOf(value: unknown): AppPermissions {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
