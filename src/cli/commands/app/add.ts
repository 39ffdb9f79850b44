import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { asFlowError, FlowError, systemCode } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import type { ComposedApps } from '../../../compose/apps.ts';
import type { Config } from '../../../config/config.ts';
import { checkWebhookSecret } from '../../../config/webhook-secret.ts';
import { isOnHost } from '../../../credentials/github-app/apps-for.ts';
import { readAppKey } from '../../../credentials/github-app/key.ts';
import { appName, type NewApp, newRecord, readAppFile } from '../../../credentials/github-app/record.ts';
import type { Io } from '../../terminal/io.ts';
import { plain, printJson, problemText } from '../../terminal/output.ts';
import { usage } from '../../terminal/usage.ts';
import { appsOf, readConfig } from '../shared/stores.ts';
import { appView } from './view.ts';

/** The options of `app add`. */
export type AddOptions = {
  appId?: number;
  clientId?: string;
  keyFile?: string;
  installationId?: number | 'any';
  apiUrl?: string;
  username?: string;
  urlPattern?: string;
  webhookSecretFile?: string;
  file?: string;
  json?: true;
};

const MAX_BYTES = 1024 * 1024;

/** Stores an App. One whose key GitHub refuses is not stored; while GitHub does not answer it is, with a warning. */
export async function addApp(io: Io, options: AddOptions): Promise<void> {
  const config = readConfig(io);
  const given =
    options.file === undefined ? await fromOptions(io, config, options) : await fromFile(io, config, options);
  newRecord(given, systemClock.now());
  const apps = await appsOf(io, config, 'write');
  const { known, warning } = await introduce(apps, given);
  const stored = await apps.store.put({ ...given, ...known, signsAs: given.clientId ?? given.appId });
  if (!isOnHost(stored, config.githubApiUrl))
    io.err(
      plain(
        `Its API is ${stored.apiUrl}, and this service works with ${config.githubApiUrl} (GITHUB_API_URL). It serves no repository here until both are the same host.\n`,
      ),
    );
  if (options.json) {
    printJson(io, { ...appView(stored), warning: warning?.toProblem() ?? null });
    return;
  }
  io.out(
    plain(
      `The App ${appName(stored)} is stored, encrypted. \`github-flows app test\` shows what it reaches.\n`,
    ),
  );
  if (stored.webhookSecret) io.out('The service now accepts deliveries signed with its webhook secret.\n');
  if (warning) io.err(problemText(warning.toProblem()));
}

async function fromFile(io: Io, config: Config, options: AddOptions): Promise<NewApp> {
  const { file = '', json, ...others } = options;
  const beside = Object.keys(others)[0];
  if (beside !== undefined)
    throw usage(
      '--file holds the whole App, so it excludes every other option.',
      'Write the value into the file.',
    );
  const app = readAppFile(await readText(io, file), { apiUrl: config.githubApiUrl });
  if (app.webhookSecret) checkSecret(app.webhookSecret.reveal());
  return app;
}

async function fromOptions(io: Io, config: Config, options: AddOptions): Promise<NewApp> {
  const { appId, clientId, keyFile, webhookSecretFile } = options;
  if (appId === undefined && clientId === undefined)
    throw usage('The App has no id.', 'Give --app-id or --client-id, or the whole App with --file.');
  if (keyFile === '-' && webhookSecretFile === '-')
    throw usage(
      'The private key and the webhook secret cannot both come from standard input.',
      'Put one of them into a file.',
    );
  const webhookSecret =
    webhookSecretFile === undefined ? undefined : (await readText(io, webhookSecretFile)).trim();
  if (webhookSecret !== undefined) checkSecret(webhookSecret);
  return {
    appId,
    clientId,
    privateKey: readAppKey(await readKey(io, keyFile)),
    webhookSecret: webhookSecret === undefined ? undefined : new Secret(webhookSecret),
    apiUrl: options.apiUrl ?? config.githubApiUrl,
    username: options.username,
    urlPattern: options.urlPattern,
    installationId: options.installationId === 'any' ? null : options.installationId,
  };
}

async function readKey(io: Io, keyFile: string | undefined): Promise<string> {
  if (keyFile !== undefined) return await readText(io, keyFile);
  if (!io.isInputTerminal) return await io.readInput();
  return await io.askHidden('Paste the whole private key: ', true);
}

async function readText(io: Io, file: string): Promise<string> {
  if (file === '-') return await io.readInput();
  const path = resolve(io.directory, file);
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw fileUnreadable(path, `it is larger than ${MAX_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw error instanceof FlowError ? error : fileUnreadable(path, systemCode(error) ?? 'no reason given');
  }
}

/** The rules for WEBHOOK_SECRET are those for an App's. */
function checkSecret(secret: string): void {
  const problem = checkWebhookSecret('The webhook secret', secret);
  if (!problem) return;
  const hint = 'Create one with `openssl rand -hex 32`. Set it on GitHub (App settings, Webhook) and here.';
  throw new FlowError({ ...problem, hint, blame: 'operator' });
}

/** Asks GitHub for the App. Throws `app_key_refused`. */
async function introduce(
  apps: ComposedApps,
  given: NewApp,
): Promise<{ known: Partial<NewApp>; warning: FlowError | undefined }> {
  try {
    const self = await apps.apiFor(newRecord(given, systemClock.now())).self();
    const { id: appId, slug, clientId, owner, url } = self;
    const known = { appId, slug: slug ?? undefined, owner: owner ?? undefined, url };
    return { known: { ...known, clientId: clientId ?? given.clientId }, warning: undefined };
  } catch (error) {
    const issue = asFlowError(error);
    if (issue.code === 'app_key_refused') throw issue;
    return { known: {}, warning: issue };
  }
}

function fileUnreadable(path: string, why: string): FlowError {
  return new FlowError({
    code: 'app_file_unreadable',
    blame: 'operator',
    message: `${path} cannot be read: ${why}.`,
    hint: 'Give the file that GitHub let you download, or - and the key on standard input.',
  });
}
