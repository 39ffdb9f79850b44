import { appNotFound } from '../../../credentials/github-app/errors.ts';
import { appName } from '../../../credentials/github-app/record.ts';
import type { Io } from '../../terminal/io.ts';
import { plain, printJson } from '../../terminal/output.ts';
import { usage } from '../../terminal/usage.ts';
import { appsOf, readConfig } from '../shared/stores.ts';
import { appView, isCalled } from './view.ts';

/** Removes the App called `name` with its key and webhook secret; GitHub keeps it. Throws `app_not_found`, `usage`. */
export async function removeApp(io: Io, name: string, json: boolean): Promise<void> {
  const { store } = await appsOf(io, readConfig(io), 'read');
  const all = await store.all();
  const [app, ...others] = all.filter((each) => isCalled(each, name));
  if (!app) throw appNotFound(name, all.map(appName));
  if (others.length > 0)
    throw usage(
      `${JSON.stringify(name.slice(0, 100))} is the name of several Apps.`,
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
