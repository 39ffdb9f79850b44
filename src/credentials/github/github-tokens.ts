import { asFlowError, FlowError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import { appsFor } from '../github-app/apps-for.ts';
import { type AppsInSecrets, tokenOfSecret } from '../github-app/apps-in-secrets.ts';
import { appNotInstalled } from '../github-app/errors.ts';
import { type AppSecret, appName, type StoredApp } from '../github-app/record.ts';
import { loginsOf } from '../github-app/signers.ts';
import type { AppStore } from '../github-app/store.ts';
import type { AppTokens } from '../github-app/tokens.ts';
import { readGhToken } from './gh-token-file.ts';

/** Levels by the name that GitHub gives a permission: `{ contents: 'write', metadata: 'read' }`. */
export type Permissions = Readonly<Record<string, 'read' | 'write' | 'admin'>>;

/** A token for GitHub, and whose it is. */
export type GitHubToken = {
  value: Secret;
  /** Milliseconds; null when it is unknown, as for a file's token. */
  expiresAt: number | null;
  /** `username` is for git beside the token; GitHub takes any. `login` is the account that the App acts as, once it is known. */
  source: { kind: 'app'; app: string; username: string; login?: string } | { kind: 'file'; file: string };
};

/** Where tokens for GitHub come from. */
export type GitHubTokens = {
  /**
   * A token for one repository: of the App that serves it, else the one in `tokenFile`, else undefined. `exact`: a
   * permission that the installation lacks is an error (`app_permission_missing`); otherwise as much of it as there is.
   * An App that should serve and cannot is an error, and the file does not take its place. With `appSecret` it is of the
   * App in that secret, and nothing takes the place of that.
   *
   * Throws the `app_…` codes, `secret_missing`, `github_unreachable`, `github_rate_limited`, and those of `readGhToken`.
   */
  token(want: {
    repository: string;
    permissions: Permissions;
    exact: boolean;
    tokenFile: string;
    appSecret?: AppSecret;
  }): Promise<GitHubToken | undefined>;
  /** GitHub refused this token: if it is an App's, it is not given out again, and the App's installations are looked up anew. */
  refused(value: string): Promise<void>;
  /** Whether this is a token that an App was given a moment ago, so that GitHub may not know it everywhere yet. */
  isYoung(value: string): Promise<boolean>;
  /** Whether an App serves the repository, so that no token file is needed; true also when it should and cannot. */
  hasApp(repository: string): Promise<boolean>;
};

/** GitHub takes any user name beside a token; this one is the name its own documentation uses. */
export const GIT_USER_NAME = 'x-access-token';

/** The user name that git sends beside a token: the App's own, where it was given one. */
export function gitUserName({ source }: Pick<GitHubToken, 'source'>): string {
  return source.kind === 'app' ? source.username : GIT_USER_NAME;
}

/** Tokens from the Apps in `apps` and from files. Every value ever given stays masked while it is good. */
export function createGitHubTokens(parts: {
  apps: Pick<AppStore, 'all'>;
  inSecrets: AppsInSecrets;
  tokens: AppTokens;
  apiUrl: string;
  serverUrl: string;
  redactor: Redactor;
  log: Logger;
}): GitHubTokens {
  const { apps, inSecrets, tokens, log } = parts;

  /** The Apps that may serve, the most specific first, and the error that may hide others. */
  const candidates = async (repository: string): Promise<{ apps: StoredApp[]; issue?: FlowError }> => {
    try {
      return { apps: appsFor(await apps.all(), repository, parts) };
    } catch (error) {
      const issue = asFlowError(error);
      log.warn({ repository, ...issue.toProblem() }, 'GitHub Apps could not be read');
      return { apps: [], issue };
    }
  };

  const isExpected = (app: StoredApp, repository: string): boolean =>
    app.urlPattern !== null || tokens.served(app, repository);

  const fromFile = async (file: string): Promise<GitHubToken | undefined> => {
    const value = await readGhToken(file).catch((error: unknown) => {
      if (error instanceof FlowError && error.code === 'token_file_missing') return undefined;
      throw error;
    });
    if (value) parts.redactor.add(value.reveal());
    return value && { value, expiresAt: null, source: { kind: 'file', file } };
  };

  const everyApp = async (): Promise<StoredApp[]> => [
    ...(await apps.all().catch(() => [])),
    ...inSecrets.last(),
  ];

  return {
    async token({ tokenFile, appSecret, ...want }) {
      if (appSecret) {
        const { app, token } = await tokenOfSecret(parts, appSecret, want);
        return { ...token, source: sourceOf(app) };
      }
      const found = await candidates(want.repository);
      let doubt: FlowError | undefined;
      let expected: FlowError | undefined;
      for (const app of found.apps) {
        try {
          const token = await tokens.token(app, want);
          if (token) return { ...token, source: sourceOf(app) };
        } catch (error) {
          if (isExpected(app, want.repository)) expected ??= asFlowError(error);
          else doubt ??= asFlowError(error);
        }
      }
      if (expected) throw expected;
      const file = await fromFile(tokenFile);
      const issue = doubt ?? found.issue;
      if (file || (!issue && found.apps.length === 0)) return file;
      throw issue ?? appNotInstalled(found.apps.map(appName), want.repository);
    },
    async refused(value) {
      for (const app of await everyApp()) tokens.refused(app, value);
    },
    async isYoung(value) {
      return (await everyApp()).some((app) => tokens.isYoung(app, value));
    },
    async hasApp(repository) {
      for (const app of (await candidates(repository)).apps) {
        const serves = await tokens.serves(app, repository).catch(() => isExpected(app, repository));
        if (serves) return true;
      }
      return false;
    },
  };
}

function sourceOf(app: StoredApp): GitHubToken['source'] {
  const [login] = loginsOf([app]);
  return {
    kind: 'app',
    app: appName(app),
    username: app.username ?? GIT_USER_NAME,
    ...(login === undefined ? {} : { login }),
  };
}
