import { isObject } from '../base/json.ts';
import type { Config } from '../config/config.ts';
import { type Hosts, webServers, whyForeign } from '../credentials/github-app/apps-for.ts';
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
  const servers = webServers(hosts, hosts);
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

/** What an App is not there for. */
function refuseForeign(
  app: StoredApp,
  { payload, attributes }: FlowEvent,
  hosts: Hosts,
): Refusal | undefined {
  const { repository } = attributes;
  const installation = isObject(payload.installation) ? payload.installation.id : undefined;
  const foreign = whyForeign(app, { installation, repository }, hosts);
  return foreign === undefined ? undefined : signerNotAllowed(appName(app), foreign);
}
