import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';

/** The repositories that a token of an App reaches: the first hundred by name, and how many there are. */
export async function repositoriesOf(client: GitHubClient): Promise<{ names: string[]; count: number }> {
  const what = 'the repositories that the token reaches';
  const { data } = await client.ask(
    what,
    async (request) => await request('GET /installation/repositories', { per_page: 100 }),
  );
  if (!Array.isArray(data?.repositories)) throw answerUnreadable(what);
  return {
    names: data.repositories.map(({ full_name }) => String(full_name)),
    count: Number(data.total_count),
  };
}

/** Ends the client's token, which must be an App's. */
export async function revokeToken(client: GitHubClient): Promise<void> {
  await client.ask('the end of the token', async (request) => await request('DELETE /installation/token'));
}
