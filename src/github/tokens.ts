import { FlowError } from '../base/errors.ts';
import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';
import { checkRepositoryName } from './urls.ts';

/** Whose token the client has and, with `repository` (`owner/name`), what it may do there; for people to read. */
export async function describeToken(client: GitHubClient, repository: string | undefined): Promise<string> {
  const owner = await ownerOf(client);
  if (repository === undefined) return owner;
  return `${owner}, ${await reachOf(client, repository)}`;
}

/** The login that a token speaks as; undefined for an app's, which GitHub does not name. Sent once, without retries. Throws like `GitHubClient`. */
export async function fetchLogin(client: GitHubClient): Promise<string | undefined> {
  return (await fetchAccount(client))?.login;
}

/** An account of GitHub; its id, which stays when it is renamed, is null where GitHub does not give it. */
type Account = { id: number | null; login: string };

/** The account that a token speaks as, or the one of a login; undefined where GitHub does not give it. Sent once, without retries. Throws like `GitHubClient`. */
export async function fetchAccount(client: GitHubClient, login?: string): Promise<Account | undefined> {
  const options = { request: { conditional: true, retries: 0 } };
  try {
    const { data } = await client.ask('an account', async (request) =>
      login === undefined
        ? await request('GET /user', options)
        : await request('GET /users/{username}', { username: login, ...options }),
    );
    if (typeof data?.login !== 'string') return undefined;
    return { login: data.login, id: Number.isSafeInteger(data.id) ? Number(data.id) : null };
  } catch (error) {
    if (error instanceof FlowError && error.code === 'github_refused') return undefined;
    throw error;
  }
}

async function ownerOf(client: GitHubClient): Promise<string> {
  try {
    const { data, headers } = await client.ask(
      'the owner of the token',
      async (request) => await request('GET /user'),
    );
    const expiry = headers['github-authentication-token-expiration'];
    return `of ${data.login}${expiry === undefined ? '' : `, good until ${expiry}`}`;
  } catch (error) {
    if (error instanceof FlowError && error.code === 'github_refused') return 'of an App or a bot';
    throw error;
  }
}

async function reachOf(client: GitHubClient, repository: string): Promise<string> {
  const [owner = '', repo = '', ...rest] = repository.split('/');
  checkRepositoryName(owner, rest.length === 0 ? repo : repository);
  const { data } = await client.ask(
    `the repository ${repository}`,
    async (request) => await request('GET /repos/{owner}/{repo}', { owner, repo }),
  );
  const may = (['admin', 'push', 'pull'] as const).find((level) => data.permissions?.[level]);
  const visibility = data.private ? 'private' : 'public';
  return `reaches ${data.full_name} (${visibility}, ${may === undefined ? 'rights unknown' : `may ${may}`})`;
}

const PAGE = 100;

/** The repositories that a token of an App reaches: the first `pages` hundred of them, and how many there are. */
export async function repositoriesOf(
  client: GitHubClient,
  pages = 1,
): Promise<{ names: string[]; count: number }> {
  const what = 'the repositories that the token reaches';
  const names: string[] = [];
  let count = 0;
  for (let page = 1; page <= pages; page += 1) {
    const { data } = await client.ask(
      what,
      async (request) => await request('GET /installation/repositories', { per_page: PAGE, page }),
    );
    if (!Array.isArray(data?.repositories)) throw answerUnreadable(what);
    names.push(...data.repositories.map(({ full_name }) => String(full_name)));
    count = Number(data.total_count);
    if (data.repositories.length < PAGE || names.length >= count) break;
  }
  return { names, count };
}

/** Ends the client's token, which must be an App's. */
export async function revokeToken(client: GitHubClient): Promise<void> {
  await client.ask('the end of the token', async (request) => await request('DELETE /installation/token'));
}
