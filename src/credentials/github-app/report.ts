import { asFlowError, type Problem } from '../../base/errors.ts';
import type { AppApi, Installation } from '../../github/app-api.ts';
import { APP_PERMISSIONS } from '../../github/app-manifest.ts';
import { appsFor, type Hosts, isOnHost, webServers } from './apps-for.ts';
import { installationSuspended } from './errors.ts';
import { matchPermissions } from './permissions.ts';
import { appName, type StoredApp } from './record.ts';

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
  /** Of the repositories, those that the App's URL pattern leaves out. */
  leftOut: string[];
  problems: Problem[];
};

/** Requests with a token of an installation: the repositories that it reaches, and its revocation. */
type TokenLook = {
  repositories(token: string): Promise<{ names: string[]; count: number }>;
  revoke(token: string): Promise<void>;
};

/** Signs in as an App, mints a token for each of its installations, and reports what is wrong; never throws for what GitHub refuses. */
export async function reportApp(
  app: StoredApp,
  parts: { api: AppApi; look: TokenLook; hosts: Hosts; wanted?: Readonly<Record<string, string>> },
): Promise<AppReport> {
  const { wanted = APP_PERMISSIONS } = parts;
  const report: AppReport = {
    app: appName(app),
    appId: app.appId,
    account: app.owner,
    url: app.url,
    installations: [],
    problems: [],
  };
  try {
    const self = await parts.api.self();
    Object.assign(report, {
      app: self.slug ?? report.app,
      appId: self.id,
      account: self.owner,
      url: self.url,
    });
    const all = await parts.api.installations();
    const used = app.installationId === null ? all : all.filter(({ id }) => id === app.installationId);
    if (used.length === 0) report.problems.push(noInstallation(report, app.installationId));
    for (const installation of used)
      report.installations.push(
        await reportInstallation(app, report.app, installation, { ...parts, wanted }),
      );
  } catch (error) {
    report.problems.push(asFlowError(error).toProblem());
  }
  report.problems.push(...idleProblems(app, report, parts.hosts));
  return report;
}

async function reportInstallation(
  app: StoredApp,
  name: string,
  installation: Installation,
  {
    api,
    look,
    hosts,
    wanted,
  }: { api: AppApi; look: TokenLook; hosts: Hosts; wanted: Readonly<Record<string, string>> },
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
    leftOut: [],
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
    const leftOut = names.filter((each) => appsFor([app], each, hosts).length === 0);
    Object.assign(found, { repositories: names, repositoryCount: count, leftOut });
    await look.revoke(value).catch(() => undefined);
  } catch (error) {
    found.problems.push(asFlowError(error).toProblem());
  }
  if (missingPermissions.length > 0) found.problems.push(permissionsMissing(name, found, installation.url));
  return found;
}

/** Why an App serves no repository here at all, as far as that is known: its host is another, or its pattern leaves out all that it is installed on. */
function idleProblems(app: StoredApp, { app: name, installations }: AppReport, hosts: Hosts): Problem[] {
  if (!isOnHost(app, hosts.apiUrl)) return [onOtherHost(name, app, hosts)];
  const names = installations.flatMap(({ repositories }) => repositories);
  const isKnown = installations.every(
    ({ repositories, repositoryCount }) => repositoryCount === repositories.length,
  );
  const leftOut = installations.flatMap((installation) => installation.leftOut);
  if (app.urlPattern === null || !isKnown || names.length === 0 || leftOut.length < names.length) return [];
  return [patternServesNothing(name, app, `${webServers(app, hosts)[0]}/${names[0]}`)];
}

function onOtherHost(name: string, { apiUrl }: StoredApp, hosts: Hosts): Problem {
  return {
    code: 'app_on_other_host',
    message: `The App ${name} serves no repository here: its API is ${apiUrl}, and this service works with ${hosts.apiUrl}.`,
    hint: 'Set GITHUB_API_URL and GITHUB_SERVER_URL to the server of the App, add it again with the right --api-url, or forget it with `github-flows app remove`.',
  };
}

function patternServesNothing(name: string, { urlPattern }: StoredApp, address: string): Problem {
  const [, server = '', owner = ''] = /^(.*)\/([^/]+)\/[^/]+$/.exec(address) ?? [];
  const plain = `(?<baseUrl>${server.replaceAll('.', '\\.')}/${owner})/.*`;
  return {
    code: 'app_pattern_serves_nothing',
    message: `The App ${name} serves no repository: its URL pattern ${urlPattern} leaves out all that it is installed on, such as ${address}.`,
    hint: `Add the App again with a pattern that matches this address, such as --url-pattern '${plain}'.`,
  };
}

function permissionsMissing(
  name: string,
  { account, missingPermissions }: InstallationReport,
  url: string,
): Problem {
  return {
    code: 'app_permissions_incomplete',
    message: `The App ${name} lacks on ${account}: ${missingPermissions.join(', ')}.`,
    hint: `Add them in the App’s settings on GitHub (Permissions & events) and have an owner of ${account} accept${url === '' ? '' : `: ${url}`}; what is not used by your profiles may be left out.`,
  };
}

function noInstallation({ app, url }: AppReport, wanted: number | null): Problem {
  return {
    code: 'app_without_installation',
    message:
      wanted === null
        ? `The App ${app} is not installed anywhere.`
        : `The App ${app} has no installation ${wanted}, the one it was added with.`,
    hint: `Install it on the repositories that runs are to work on${url === null ? '' : `: ${url}/installations/new`}.`,
  };
}
