import { counted } from '../../../base/words.ts';
import { profileChecks } from '../../../compose/host.ts';
import type { Config } from '../../../config/config.ts';
import type { Serving } from '../../../credentials/github/app-serving.ts';
import { appNotFound } from '../../../credentials/github-app/errors.ts';
import { highestPermissions } from '../../../credentials/github-app/permissions.ts';
import { appName, type StoredApp } from '../../../credentials/github-app/record.ts';
import {
  type AppReport,
  type InstallationReport,
  reportApp,
} from '../../../credentials/github-app/report.ts';
import { createGitHubClient, type GitHubClient } from '../../../github/client.ts';
import { repositoriesOf, revokeToken } from '../../../github/tokens.ts';
import { createLogger } from '../../../log/logger.ts';
import { createRedactor } from '../../../log/redact.ts';
import { loadProfiles } from '../../../profiles/read/load.ts';
import type { Io } from '../../terminal/io.ts';
import { plain, printJson, problemText } from '../../terminal/output.ts';
import { checkRepository } from '../../terminal/usage.ts';
import { hostsOf, servingOf, servingText, servingView } from '../shared/app-serving-view.ts';
import { appsOf, readConfig } from '../shared/stores.ts';
import { isCalled } from './view.ts';

/** How many repositories of an installation are printed. */
const SHOWN = 100;

/** The default permissions of a run (docs/profiles.md). */
const DEFAULT_PERMISSIONS = { contents: 'write', issues: 'write', metadata: 'read', pull_requests: 'write' };

/** The options of `app test`. */
export type TestOptions = { repository?: string; json?: true };

/** Tests each App, or the one called `name`, and reports what serves a repository; exit code 1 on a problem. */
export async function testApps(
  io: Io,
  name: string | undefined,
  { repository, json }: TestOptions,
): Promise<void> {
  if (repository !== undefined) checkRepository(repository);
  const config = readConfig(io);
  const apps = await appsOf(io, config, 'read');
  const all = await apps.store.all();
  const chosen = all.filter((app) => name === undefined || isCalled(app, name));
  if (chosen.length === 0 && (name !== undefined || repository === undefined))
    throw appNotFound(name ?? '', all.map(appName));
  const wanted = await wantedPermissions(config);
  const reports: AppReport[] = [];
  for (const app of chosen) {
    const hosts = hostsOf(config);
    const report = await reportApp(app, { api: apps.apiFor(app), look: tokenLook(app), hosts, wanted });
    reports.push(report);
    if (!json) print(io, report);
  }
  const serving = repository === undefined ? undefined : await servingOf(config, apps, repository);
  if (json) printJson(io, serving ? [...reports, servingView(serving)] : reports);
  else if (serving) printServing(io, serving);
  const isWell = (part: { problems: readonly unknown[] }): boolean => part.problems.length === 0;
  const areWell = reports.every((report) => isWell(report) && report.installations.every(isWell));
  if (!areWell || serving?.by.kind === 'nothing') io.fail(1);
}

/** Permissions of the profiles beyond the defaults; invalid profiles do not count. */
export async function wantedPermissions(config: Config): Promise<Record<string, string>> {
  const loaded = await loadProfiles({ dir: config.profilesDir, checks: profileChecks(config) }).catch(
    () => undefined,
  );
  const asked = loaded?.profiles.map(({ credentials }) => credentials.github?.permissions ?? {}) ?? [];
  return highestPermissions([DEFAULT_PERMISSIONS, ...asked]);
}

/** What a token reaches, as GitHub answers the token itself. */
export function tokenLook({ apiUrl, urlPattern }: StoredApp) {
  const log = createLogger({ level: 'silent', redactor: createRedactor() });
  const client = (token: string): GitHubClient =>
    createGitHubClient({ apiUrl, token: async () => token, log });
  // Only with all repositories it is known whether the pattern excludes them all.
  const pages = urlPattern === null ? 1 : 10;
  return {
    repositories: async (token: string) => await repositoriesOf(client(token), pages),
    revoke: async (token: string) => await revokeToken(client(token)),
  };
}

function printServing(io: Io, serving: Serving): void {
  const { by } = serving;
  io.out(plain(`${by.kind === 'nothing' ? '✗' : '✓'} ${servingText(serving)}\n`));
  if (by.kind === 'nothing') io.out(indented(problemText(by.issue.toProblem())));
}

function print(io: Io, report: AppReport): void {
  const owner = report.account === null ? '' : ` of ${report.account}`;
  const id = report.appId === null ? '' : ` (App id ${report.appId})`;
  io.out(plain(`${report.problems.length === 0 ? '✓' : '✗'} ${report.app}${owner}${id}\n`));
  for (const problem of report.problems) io.out(indented(problemText(problem)));
  for (const installation of report.installations) printInstallation(io, installation);
}

function printInstallation(io: Io, installation: InstallationReport): void {
  const { id, account, repositoryCount, repositorySelection, minted, problems } = installation;
  const repositories = installation.repositories.slice(0, SHOWN);
  const reach =
    repositoryCount === null
      ? 'reach unknown'
      : `${counted(repositoryCount, 'repository', 'repositories')} (${repositorySelection})`;
  io.out(
    plain(
      `  ${problems.length === 0 ? '✓' : '✗'} ${account}, installation ${id}: ${minted ? 'a token was minted' : 'no token'}, ${reach}\n`,
    ),
  );
  for (const repository of repositories) {
    const isLeftOut = installation.leftOut.includes(repository);
    io.out(plain(`      ${repository}${isLeftOut ? ' (excluded by the URL pattern)' : ''}\n`));
  }
  const more = (repositoryCount ?? 0) - repositories.length;
  if (more > 0) io.out(`      and ${more} more\n`);
  for (const problem of problems) io.out(indented(problemText(problem)));
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}
