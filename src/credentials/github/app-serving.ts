import { asFlowError, FlowError } from '../../base/errors.ts';
import { appsFor, type Hosts, whyLeftOut } from '../github-app/apps-for.ts';
import { appName, type StoredApp } from '../github-app/record.ts';
import type { AppTokens } from '../github-app/tokens.ts';
import { readGhToken } from './gh-token-file.ts';

/** What gives a repository its tokens, and why each App before or beside it does not. */
export type Serving = {
  /** `owner/name`. */
  repository: string;
  by: { kind: 'app'; app: string } | { kind: 'file'; file: string } | { kind: 'nothing'; issue: FlowError };
  others: { app: string; why: string }[];
};

/**
 * Finds what serves `repository` as `GitHubTokens.token` does, without minting: the first of the Apps in `apps` that is
 * let in and installed there, else the file. An error of the stores or of GitHub is the answer, and is never thrown.
 */
export async function findServing(
  parts: { apps: readonly StoredApp[]; tokens: AppTokens; tokenFile: string } & Hosts,
  repository: string,
): Promise<Serving> {
  const letIn = appsFor(parts.apps, repository, parts);
  const out = parts.apps.filter((app) => !letIn.includes(app));
  const others = out.map((app) => ({ app: appName(app), why: whyLeftOut(app, repository, parts) }));
  let doubt: FlowError | undefined;
  let expected: FlowError | undefined;
  for (const app of letIn) {
    try {
      if (await parts.tokens.serves(app, repository))
        return { repository, by: { kind: 'app', app: appName(app) }, others };
      others.push({ app: appName(app), why: 'is not installed on it' });
    } catch (error) {
      const issue = asFlowError(error);
      others.push({ app: appName(app), why: `cannot be asked (${issue.code})` });
      if (app.urlPattern !== null || parts.tokens.served(app, repository)) expected ??= issue;
      else doubt ??= issue;
    }
  }
  // Another App may take the place of one that should serve, the file may not.
  if (expected) return { repository, by: { kind: 'nothing', issue: expected }, others };
  return { repository, by: await fileOf(parts.tokenFile, repository, doubt), others };
}

/** Whether the App of this key is among `apps` and installed on the repository. Throws like `AppTokens.serves`. */
export async function isServing(
  { apps, tokens }: { apps: readonly StoredApp[]; tokens: AppTokens },
  key: string,
  repository: string,
): Promise<boolean> {
  const app = apps.find((each) => each.key === key);
  return app !== undefined && (await tokens.serves(app, repository));
}

async function fileOf(
  file: string,
  repository: string,
  doubt: FlowError | undefined,
): Promise<Serving['by']> {
  try {
    await readGhToken(file);
    return { kind: 'file', file };
  } catch (error) {
    const issue = asFlowError(error);
    const isMissing = issue.code === 'token_file_missing';
    return { kind: 'nothing', issue: isMissing ? (doubt ?? notServed(repository, file)) : issue };
  }
}

function notServed(repository: string, file: string): FlowError {
  return new FlowError({
    code: 'repository_not_served',
    blame: 'operator',
    message: `No App serves ${repository}, and there is no token file ${file}.`,
    hint: `Install an App on ${repository} and let its URL pattern in (\`github-flows app test --repository ${repository}\` says why each does not serve it), or put a token into ${file}.`,
  });
}
