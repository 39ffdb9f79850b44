import { existsSync } from 'node:fs';
import { systemClock as clock } from '../../../base/clock.ts';
import { asFlowError, type Problem } from '../../../base/errors.ts';
import { appsFile, type ComposedApps, composeApps } from '../../../compose/apps.ts';
import type { Config } from '../../../config/config.ts';
import { appName, type StoredApp } from '../../../credentials/github-app/record.ts';
import { reportApp } from '../../../credentials/github-app/report.ts';
import { clockError } from '../../../github/clock-skew.ts';
import { createLogger } from '../../../log/logger.ts';
import { createRedactor } from '../../../log/redact.ts';
import { tokenLook, wantedPermissions } from '../app/test.ts';
import { hostsOf, servingOf, servingText, servingView } from '../shared/app-serving-view.ts';
import type { Finding } from './check.ts';

/** Whether a store or a file of Apps exists. */
export function hasAppStore(config: Config): boolean {
  return config.appsFile !== undefined || existsSync(appsFile(config).file);
}

/** The stored Apps as the service reads them, without a prompt; throws the codes of `SecretStore`. */
export async function storedApps(config: Config): Promise<readonly StoredApp[]> {
  return hasAppStore(config) ? await quietApps(config).store.all() : [];
}

/** Whether a stored App brings a webhook secret, so that deliveries can be trusted without WEBHOOK_SECRET. */
export async function hasAppSecret(config: Config): Promise<boolean> {
  const apps = await storedApps(config).catch((error: unknown) => {
    if (asFlowError(error).code === 'apps_file_unusable') throw error;
    return [];
  });
  return apps.some(({ webhookSecret }) => webhookSecret !== null);
}

/** The result of `app test` in one line, with all problems. */
export async function reportApps(config: Config): Promise<Finding> {
  const off: Problem[] = [];
  const apps = quietApps(config, (gitHubMs) => {
    const issue = clockError(gitHubMs, clock.now());
    if (issue && off.length === 0) off.push(issue.toProblem());
  });
  const stored = await apps.store.all();
  if (stored.length === 0) return 'none';
  const wanted = await wantedPermissions(config);
  const reports = await Promise.all(
    stored.map(
      async (app) =>
        await reportApp(app, { api: apps.apiFor(app), look: tokenLook(app), hosts: hostsOf(config), wanted }),
    ),
  );
  const found = reports.flatMap((report) => [
    ...report.problems,
    ...report.installations.flatMap((installation) => installation.problems),
  ]);
  const problems: Problem[] = [...off, ...found];
  const words = reports.map(
    ({ app, installations }) =>
      `${app} on ${installations.map(({ account }) => account).join(', ') || 'no account'}`,
  );
  return { detail: words.join('; ') || stored.map(appName).join(', '), problems };
}

/** Which App or token file serves a repository, and why each other App does not. */
export async function reportServing(config: Config, repository: string): Promise<Finding> {
  const serving = await servingOf(config, quietApps(config), repository);
  return { detail: servingText(serving), problems: servingView(serving).problems };
}

/** The Apps without logging and without a prompt for a passphrase. */
export function quietApps(
  config: Config,
  onDate: (gitHubMs: number) => void = () => undefined,
): ComposedApps {
  const redactor = createRedactor();
  return composeApps({ config, redactor, log: createLogger({ level: 'silent', redactor }), onDate });
}
