import { isObject } from '../base/json.ts';
import type { Config } from '../config/config.ts';
import { appsFor, type Hosts, serverOf } from '../credentials/github-app/apps-for.ts';
import { appName, type StoredApp } from '../credentials/github-app/record.ts';
import type { FlowEvent } from '../events/event.ts';
import { type Refusal, signerNotAllowed } from '../ingress/errors.ts';
import { refuseHost, type Signer } from '../ingress/signer.ts';
import type { ComposedApps } from './apps.ts';

/**
 * Who may sign a delivery for the App of an id: the service's own secrets whatever happens on the server that is served,
 * and each App what it may serve there.
 */
export function composeSigners(
  config: Config,
  apps: Pick<ComposedApps, 'signers'>,
): (targetId: string | undefined) => Promise<readonly Signer[]> {
  const hosts = { apiUrl: config.githubApiUrl, serverUrl: config.githubServerUrl };
  const servers = serversOf(hosts);
  const own: Signer = {
    secrets: config.webhookSecrets.map((secret) => secret.reveal()),
    app: null,
    refuse: (event) => refuseHost(servers, event),
  };
  return async (targetId) => {
    const signers = (await apps.signers(targetId)).map(({ app, secret }) => ({
      secrets: [secret],
      app: app.key,
      refuse: (event: FlowEvent) => refuseHost(servers, event) ?? refuseForeign(app, event, hosts),
    }));
    return [own, ...signers];
  };
}

/** Clones from a directory, for trying things out, have no server; what happens on GitHub is delivered to them all the same. */
function serversOf({ apiUrl, serverUrl }: Hosts): string[] {
  return serverUrl.startsWith('file:') ? [serverOf(apiUrl), 'https://github.com'] : [serverUrl];
}

/** What an App is not there for, by its URL pattern and the only installation that it may have; whether it is installed, GitHub is asked before anything is started. */
function refuseForeign(
  app: StoredApp,
  { payload, attributes }: FlowEvent,
  hosts: Hosts,
): Refusal | undefined {
  const id = isObject(payload.installation) ? payload.installation.id : undefined;
  if (app.installationId !== null && id !== undefined && id !== app.installationId)
    return signerNotAllowed(appName(app), `installation ${JSON.stringify(id).slice(0, 40)}`);
  const { repository } = attributes;
  if (typeof repository !== 'string' || appsFor([app], repository, hosts).length > 0) return undefined;
  return signerNotAllowed(appName(app), repository);
}
