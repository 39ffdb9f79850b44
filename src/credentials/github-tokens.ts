import type { Secret } from '../base/secret.ts';

/** GitHub's names of permissions, and how much of each. */
export type Permissions = Readonly<Record<string, 'read' | 'write' | 'admin'>>;

/** A token for GitHub; `expiresAt` is null for a file's, whose end is not known. */
export type GitHubToken = {
  value: Secret;
  /** Milliseconds since 1970. */
  expiresAt: number | null;
  source: { kind: 'app'; app: string } | { kind: 'file'; file: string };
};

/** Where tokens for GitHub come from. */
export type GitHubTokens = {
  /**
   * The App that serves the repository, else the token file, else undefined. `exact`: a permission that the
   * installation lacks is a fault (`app_permission_missing`); otherwise as much of it as there is. Throws the app_* codes.
   */
  token(want: {
    repository: string;
    permissions: Permissions;
    exact: boolean;
    tokenFile: string;
  }): Promise<GitHubToken | undefined>;
  /** Whether an App serves the repository, so that no token file is needed. */
  hasApp(repository: string): Promise<boolean>;
};
