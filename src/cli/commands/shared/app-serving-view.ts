import { join } from 'node:path';
import type { ComposedApps } from '../../../compose/apps.ts';
import type { Config } from '../../../config/config.ts';
import type { Serving } from '../../../credentials/github/app-serving.ts';
import type { Hosts } from '../../../credentials/github-app/apps-for.ts';

/** The service's own GitHub. */
export function hostsOf({ githubApiUrl, githubServerUrl }: Config): Hosts {
  return { apiUrl: githubApiUrl, serverUrl: githubServerUrl };
}

/** Which App or file serves a repository of runs that mount no token of their own. Throws the codes of `SecretStore`. */
export async function servingOf(config: Config, apps: ComposedApps, repository: string): Promise<Serving> {
  return await apps.serving(repository, join(config.secretsDir, 'gh-token'));
}

/** The same in one line, without a full stop. */
export function servingText({ repository, by, others }: Serving): string {
  const first =
    by.kind === 'app'
      ? `${repository} is served by the App ${by.app}`
      : `${repository} is served by ${by.kind === 'file' ? `the token file ${by.file}` : 'nothing'}`;
  return [first, ...others.map(({ app, why }) => `the App ${app} ${why}`)].join('; ');
}

/** The same as JSON. */
export function servingView({ repository, by, others }: Serving) {
  return {
    repository,
    servedBy: by.kind === 'nothing' ? null : by,
    others,
    problems: by.kind === 'nothing' ? [by.issue.toProblem()] : [],
  };
}
