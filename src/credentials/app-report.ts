import { asFlowError, type Problem } from '../base/errors.ts';
import type { AppApi, Installation } from '../github/app-api.ts';
import { APP_PERMISSIONS } from '../github/app-manifest.ts';
import { installationSuspended } from './app-errors.ts';
import { matchPermissions } from './app-permissions.ts';
import { appName, type StoredApp } from './app-record.ts';

/** What a test of one App found; a list of repositories is cut at a hundred, `repositoryCount` is not. */
export type AppReport = {
  app: string;
  appId: number | null;
  account: string | null;
  url: string | null;
  installations: InstallationReport[];
  problems: Problem[];
};

/** What it found of one installation. */
export type InstallationReport = {
  id: number;
  account: string;
  repositorySelection: 'all' | 'selected';
  repositories: string[];
  repositoryCount: number | null;
  /** Whether a token was minted. */
  minted: boolean;
  missingPermissions: string[];
  problems: Problem[];
};

/** What a token for an installation reaches, asked with that token; and the end of the token. */
type TokenLook = {
  repositories(token: string): Promise<{ names: string[]; count: number }>;
  revoke(token: string): Promise<void>;
};

/** Signs in as an App, mints for each of its installations, and says what is wrong; never throws for what GitHub refuses. */
export async function reportApp(
  app: StoredApp,
  parts: { api: AppApi; look: TokenLook; wanted?: Readonly<Record<string, string>> },
): Promise<AppReport> {
  const { api, look, wanted = APP_PERMISSIONS } = parts;
  const report: AppReport = {
    app: appName(app),
    appId: app.appId,
    account: app.owner,
    url: app.url,
    installations: [],
    problems: [],
  };
  try {
    const self = await api.self();
    Object.assign(report, {
      app: self.slug ?? report.app,
      appId: self.id,
      account: self.owner,
      url: self.url,
    });
    const all = await api.installations();
    const used = app.installationId === null ? all : all.filter(({ id }) => id === app.installationId);
    if (used.length === 0) report.problems.push(noInstallation(report, app.installationId));
    for (const installation of used)
      report.installations.push(await reportInstallation(report.app, installation, { api, look, wanted }));
  } catch (error) {
    report.problems.push(asFlowError(error).toProblem());
  }
  return report;
}

async function reportInstallation(
  name: string,
  installation: Installation,
  { api, look, wanted }: { api: AppApi; look: TokenLook; wanted: Readonly<Record<string, string>> },
): Promise<InstallationReport> {
  const { id, account, repositorySelection, permissions } = installation;
  const { granted, missing } = matchPermissions(wanted, permissions);
  // What organisations alone have is not missing from a person's account.
  const missingPermissions = missing.filter((each) => !each.startsWith('members:'));
  const found: InstallationReport = {
    id,
    account,
    repositorySelection,
    repositories: [],
    repositoryCount: null,
    minted: false,
    missingPermissions,
    problems: [],
  };
  try {
    if (installation.suspendedAt !== null) throw installationSuspended(name, installation);
    const { value } = await api.mint({
      installation: id,
      settingsUrl: installation.url,
      permissions: granted,
    });
    found.minted = true;
    const { names, count } = await look.repositories(value);
    Object.assign(found, { repositories: names, repositoryCount: count });
    await look.revoke(value).catch(() => undefined);
  } catch (error) {
    found.problems.push(asFlowError(error).toProblem());
  }
  if (missingPermissions.length > 0) found.problems.push(permissionsMissing(name, found, installation.url));
  return found;
}

function permissionsMissing(
  name: string,
  { account, missingPermissions }: InstallationReport,
  url: string,
): Problem {
  return {
    code: 'app_permissions_incomplete',
    message: `The App ${name} lacks on ${account}: ${missingPermissions.join(', ')}.`,
    mend: `Add them in the App’s settings on GitHub (Permissions & events) and have an owner of ${account} accept${url === '' ? '' : `: ${url}`}; what is not used by your profiles may be left out.`,
  };
}

function noInstallation({ app, url }: AppReport, wanted: number | null): Problem {
  return {
    code: 'app_without_installation',
    message:
      wanted === null
        ? `The App ${app} is not installed anywhere.`
        : `The App ${app} has no installation ${wanted}, the one it was added with.`,
    mend: `Install it on the repositories that runs are to work on${url === null ? '' : `: ${url}/installations/new`}.`,
  };
}
