import type { Clock } from '../../base/clock.ts';
import { asFlowError, FlowError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import type { AppApi, Installation } from '../../github/app-api.ts';
import { appManifest, convertManifest, manifestAddress } from '../../github/app-manifest.ts';
import type { Logger } from '../../log/logger.ts';
import type { Redactor } from '../../log/redact.ts';
import { readAppKey } from './key.ts';
import { appName, type StoredApp } from './record.ts';
import { type FlowState, readState, signState } from './state.ts';
import type { AppStore } from './store.ts';

/** How an App comes to be on GitHub, in three steps of one browser. Each throws `app_state_invalid`, `app_state_expired` and the codes of the store. */
export type AppFlow = {
  /** Begins one: the state for the address that is opened, and when it runs out. */
  begin(request: FlowRequest): Promise<{ state: FlowState; text: string }>;
  /** What the browser takes to GitHub: the manifest, and where it is sent to. */
  offer(stateText: string): Promise<{ state: FlowState; address: string; manifest: string }>;
  /** Trades the code for the App and stores it; the same state again gives the App that is there. Throws `app_code_refused`, `github_unreachable`, … */
  finish(stateText: string, code: string): Promise<{ app: StoredApp; installAddress: string }>;
  /** Stores the installation of GitHub's redirect once GitHub confirms that it is the App's; undefined when it is not. */
  installed(
    stateText: string,
    installationId: number,
  ): Promise<{ app: StoredApp; installation: Installation } | undefined>;
};

/** What the person decides before the browser goes to GitHub. */
type FlowRequest = Omit<FlowState, 'nonce' | 'expiresAt'>;

/** The flow over a store; `publicUrl` is where GitHub delivers to. */
export function createAppFlow(parts: {
  store: AppStore;
  apiFor: (app: StoredApp) => AppApi;
  publicUrl: string | undefined;
  redactor: Redactor;
  clock: Clock;
  log: Logger;
}): AppFlow {
  const { store, clock, log } = parts;
  const open = async (text: string): Promise<FlowState> =>
    readState(await store.stateKey(), text, clock.now());
  const appOf = async (state: FlowState): Promise<StoredApp | undefined> =>
    (await store.all()).find((app) => app.state === state.nonce);
  const made = new Map<string, Promise<StoredApp>>();

  const make = async (state: FlowState, code: string): Promise<StoredApp> => {
    const known = await appOf(state);
    if (known) return known;
    const { apiUrl, urlPattern, nonce } = state;
    const { id, webhookSecret, pem, ...facts } = await convertManifest({ apiUrl, code, log });
    parts.redactor.add(pem);
    const put = async (): Promise<StoredApp> =>
      await store.put({
        appId: id,
        clientId: facts.clientId,
        slug: facts.slug ?? undefined,
        url: facts.url,
        owner: facts.owner ?? undefined,
        privateKey: readAppKey(pem),
        webhookSecret: webhookSecret === null ? undefined : new Secret(webhookSecret),
        apiUrl,
        urlPattern: urlPattern ?? undefined,
        state: nonce,
      });
    const app = await put().catch((error: unknown) => {
      throw appNotStored(facts, asFlowError(error));
    });
    log.info({ app: appName(app), appId: id }, 'a new GitHub App was stored');
    return app;
  };

  return {
    async begin(request) {
      publicAddress(parts.publicUrl);
      return signState(await store.makeStateKey(), request, clock.now());
    },
    async offer(text) {
      const state = await open(text);
      const { name, serverUrl, organisation, callbackUrl } = state;
      const manifest = appManifest({ name, callbackUrl, publicUrl: publicAddress(parts.publicUrl) });
      return {
        state,
        address: manifestAddress(serverUrl, organisation, text),
        manifest: JSON.stringify(manifest),
      };
    },
    async finish(text, code) {
      const state = await open(text);
      // The code is valid once: a page that is loaded twice waits for the first.
      const making = made.get(state.nonce) ?? make(state, code).finally(() => made.delete(state.nonce));
      made.set(state.nonce, making);
      const app = await making;
      return { app, installAddress: `${app.url}/installations/new?state=${encodeURIComponent(text)}` };
    },
    async installed(text, installationId) {
      const app = await appOf(await open(text));
      const installation = app && (await parts.apiFor(app).installation(installationId));
      if (!app || !installation) return undefined;
      await store.learn(app.key, { capturedInstallationId: installation.id });
      return { app, installation };
    },
  };
}

function publicAddress(url: string | undefined): string {
  if (url !== undefined) return url.replace(/\/+$/, '');
  throw new FlowError({
    code: 'public_url_missing',
    blame: 'operator',
    message: 'PUBLIC_URL is not set, and GitHub needs it as the address for deliveries.',
    hint: 'Set PUBLIC_URL to the address under which GitHub reaches this service (https://flows.example.org), or make the App by hand and use `github-flows app add`.',
  });
}

/** GitHub made the App and gave its key once; where that cannot be kept, the App there is of no use. */
function appNotStored({ name, url }: { name: string; url: string }, cause: FlowError): FlowError {
  return new FlowError({
    code: 'app_not_stored',
    blame: 'operator',
    message: `GitHub made the App ${name} (${url}), but it could not be stored here: ${cause.message}`,
    hint: `${cause.hint} Then make a private key in the App's settings at GitHub and use \`github-flows app add\`; or delete the App there and run \`github-flows app create\` again.`,
    cause,
  });
}
