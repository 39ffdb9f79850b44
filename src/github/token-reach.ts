import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';

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
