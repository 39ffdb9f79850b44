import type { Run } from '../runs/run.ts';

/** GitHub's names; anything else gets no link. */
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

/** Addresses on the server of the runs, or undefined. They contain only checked names and numbers of others. */
export type GitHubLinks = {
  account(login: string | null): string | undefined;
  repository(fullName: string): string | undefined;
  /** The issue, pull request or discussion of a run that an event of this name started. */
  thread(run: Pick<Run, 'repository' | 'issueNumber'>, event: string | undefined): string | undefined;
};

/** Links to the server of this address (GITHUB_SERVER_URL); none when it is not served over http or https. */
export function createGitHubLinks(serverUrl: string): GitHubLinks {
  const server = serverUrl.replace(/\/+$/, '');
  const to = (...parts: readonly string[]): string | undefined =>
    /^https?:/.test(server) && parts.every((part) => NAME.test(part))
      ? `${server}/${parts.join('/')}`
      : undefined;
  const repository = (fullName: string): string | undefined => {
    const [owner = '', name = '', ...rest] = fullName.split('/');
    return rest.length === 0 ? to(owner, name) : undefined;
  };
  return {
    account(login) {
      const app = login?.match(/^(.+)\[bot\]$/)?.[1];
      return app === undefined ? to(login ?? '') : to('apps', app);
    },
    repository,
    thread({ repository: fullName, issueNumber }, event) {
      const address = repository(fullName);
      if (address === undefined || !Number.isSafeInteger(issueNumber)) return undefined;
      return `${address}/${threadPath(event ?? '')}/${issueNumber}`;
    },
  };
}

function threadPath(event: string): string {
  if (event.startsWith('discussion')) return 'discussions';
  return event.startsWith('pull_request') ? 'pull' : 'issues';
}
