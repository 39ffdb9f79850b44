import type { Command } from 'commander';
import { systemClock } from '../../../base/clock.ts';
import { quoted } from '../../../base/text.ts';
import { appNotFound } from '../../../credentials/github-app/errors.ts';
import { appName } from '../../../credentials/github-app/record.ts';
import { createTokenRecords } from '../../../credentials/github-app/token-records.ts';
import type { Io } from '../../terminal/io.ts';
import { formatTime, plain, printJson, printTable } from '../../terminal/output.ts';
import { idOption, installationOption, usage } from '../../terminal/usage.ts';
import { appsOf, readConfig, withStoresOrNone } from '../shared/stores.ts';
import { type AddOptions, addApp } from './add.ts';
import { type CreateOptions, createApp } from './create.ts';
import { type TestOptions, testApps } from './test.ts';
import { appView, isCalled, tokenView } from './view.ts';

/** `app add|create|list|remove|test`. */
export function addAppCommand(program: Command, io: Io): void {
  const app = program
    .command('app')
    .description('Manage GitHub Apps, which mint tokens for single repositories.');
  app
    .command('add')
    .description('Store an App that exists on GitHub.')
    .option('--app-id <id>', 'App id', idOption)
    .option('--client-id <id>', 'client id; one of the two is required')
    .option('--key-file <file>', 'private key file from GitHub; - reads standard input')
    .option(
      '--installation-id <id>',
      'use only this installation; any (default) uses the installation of each repository',
      installationOption,
    )
    .option('--api-url <url>', 'API of its host (default: GITHUB_API_URL)')
    .option('--username <login>', 'login of the App, and the user name that git sends with its tokens')
    .option('--url-pattern <pattern>', 'regular expression for repository URLs, with a group named baseUrl')
    .option('--webhook-secret-file <file>', 'file with the webhook secret; - reads standard input')
    .option(
      '--file <file>',
      'file with the whole App as {"githubAppInstallation": …}; - reads standard input',
    )
    .option('--json', 'print JSON')
    .action(async (options: AddOptions) => await addApp(io, options));
  app
    .command('create')
    .description('Create an App on GitHub and store its credentials.')
    .option('--org <login>', 'organisation that will own the App (default: your account)')
    .option('--name <name>', 'name to propose')
    .option('--server-url <url>', 'address of a GitHub Enterprise Server (default: GITHUB_SERVER_URL)')
    .option('--api-url <url>', 'API of that server (default: derived from its address)')
    .option('--url-pattern <pattern>', 'regular expression for repository URLs, with a group named baseUrl')
    .option('--callback-url <url>', 'address at which your browser reaches the admin listener')
    .option('--no-wait', 'print the address and exit; the service does the rest')
    .option('--json', 'print JSON')
    .action(async (options: CreateOptions) => await createApp(io, options));
  app
    .command('list')
    .description('List the Apps, the remaining life of their tokens, and their last errors.')
    .option('--json', 'print one JSON array')
    .action(async (options: { json?: true }) => await listApps(io, options.json === true));
  app
    .command('remove <app>')
    .description('Remove an App and its key from the store; GitHub keeps both.')
    .option('--json', 'print JSON')
    .action(
      async (name: string, options: { json?: true }) => await removeApp(io, name, options.json === true),
    );
  app
    .command('test [app]')
    .description(
      'Sign in as an App (default: each App), mint a token, and report its repositories and missing rights.',
    )
    .option('--repository <owner/name>', 'also report which App or token file serves this repository')
    .option('--json', 'print one JSON array')
    .action(async (name: string | undefined, options: TestOptions) => await testApps(io, name, options));
}

/** Prints the Apps with the records of their tokens; asks GitHub nothing, and works while the service is down. */
async function listApps(io: Io, json: boolean): Promise<void> {
  const apps = await (await appsOf(io, readConfig(io), 'read')).store.all();
  const records = await withStoresOrNone(
    io,
    async ({ db }) => await createTokenRecords(db, (text) => text).list(),
  );
  const now = systemClock.now();
  const views = apps.map((app) => ({
    ...appView(app),
    tokens: records.filter((record) => record.app === app.key).map((record) => tokenView(record, now)),
  }));
  if (json) return printJson(io, views);
  if (views.length === 0) {
    io.out(
      'No Apps yet. `github-flows app create` creates one; `github-flows app add` stores an existing one.\n',
    );
    return;
  }
  const rows = views.map((view) => [
    view.app,
    String(view.appId ?? '-'),
    view.account ?? '-',
    new URL(view.apiUrl).host,
    view.urlPattern ?? 'all of its host',
    view.installationId === null ? 'each repository’s own' : `${view.installationId} alone`,
    view.hasWebhookSecret ? 'stored' : '-',
  ]);
  printTable(
    io,
    ['APP', 'APP ID', 'ACCOUNT', 'HOST', 'REPOSITORIES', 'INSTALLATION', 'WEBHOOK SECRET'],
    rows,
  );
  for (const view of views) printTokens(io, view.app, view.tokens);
}

function printTokens(io: Io, app: string, tokens: readonly ReturnType<typeof tokenView>[]): void {
  if (tokens.length === 0) return;
  io.out(plain(`\nTokens of ${app}\n`));
  const rows = tokens.map((token) => [
    token.repository,
    Object.entries(token.permissions)
      .map(([name, level]) => `${name}:${level}`)
      .join(' '),
    token.remainingSec > 0 ? `${Math.ceil(token.remainingSec / 60)} min` : 'none',
    token.lastError ? `${token.lastError.code} at ${formatTime(token.lastError.at)}` : '-',
  ]);
  printTable(io, ['REPOSITORY', 'PERMISSIONS', 'LEFT', 'LAST ERROR'], rows);
  for (const { lastError } of tokens) if (lastError) io.out(plain(`  · ${lastError.message}\n`));
}

/** Removes the App called `name` with its key and webhook secret; GitHub keeps it. Throws `app_not_found`, `usage`. */
async function removeApp(io: Io, name: string, json: boolean): Promise<void> {
  const { store } = await appsOf(io, readConfig(io), 'read');
  const all = await store.all();
  const [app, ...others] = all.filter((each) => isCalled(each, name));
  if (!app) throw appNotFound(name, all.map(appName));
  if (others.length > 0)
    throw usage(
      `${quoted(name, 100)} is the name of several Apps.`,
      `Name one of them: ${[app, ...others].map(({ key }) => key).join(', ')}.`,
    );
  await store.remove(app.key);
  if (json) printJson(io, appView(app));
  else
    io.out(
      plain(
        `The App ${appName(app)} and its key are removed here. GitHub still has both: delete the key or the App there (${app.url ?? 'the App’s settings'}).\n`,
      ),
    );
}
