import { systemClock } from '../../../base/clock.ts';
import { createTokenRecords } from '../../../credentials/github-app/token-records.ts';
import type { Io } from '../../terminal/io.ts';
import { formatTime, plain, printJson, printTable } from '../../terminal/output.ts';
import { appsOf, readConfig, withStoresOrNone } from '../shared/stores.ts';
import { appView, tokenView } from './view.ts';

/** Prints the Apps with the records of their tokens; asks GitHub nothing, and works while the service is down. */
export async function listApps(io: Io, json: boolean): Promise<void> {
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
