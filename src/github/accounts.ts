import { FlowError } from '../base/errors.ts';
import type { GitHubClient } from './client.ts';
import { answerUnreadable } from './errors.ts';

/** An account as an event names it; the id stays when the login is changed, or taken by somebody else. */
export type EventAccount = { login: string; id?: number | undefined };

/** The login that an account has by now; undefined when GitHub does not know or show it. Throws what `GitHubClient` says. https://docs.github.com/rest/users/users#get-a-user-using-their-id */
export async function loginOf(client: GitHubClient, id: number): Promise<string | undefined> {
  const what = `the account ${id}`;
  return await known(
    client.ask(what, async (request) => {
      const { data } = await request('GET /user/{account_id}', { account_id: id });
      if (typeof data?.login !== 'string') throw answerUnreadable(what);
      return data.login;
    }),
  );
}

/** Undefined for what GitHub does not know. */
export async function known<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof FlowError && error.code === 'github_not_found') return undefined;
    throw error;
  }
}
