import type { Clock } from '../../base/clock.ts';
import { asFlowError, FlowError, type Problem } from '../../base/errors.ts';
import type { Redactor } from '../../log/redact.ts';
import { describeFileIssue, readPrivateFile, serviceUid } from '../private-file.ts';
import { appName, mergedRecord, newRecord, readAppFiles, type StoredApp } from './record.ts';
import { type AppStore, maskApp } from './store.ts';

const MAX_BYTES = 1024 * 1024;

/**
 * A store that has the Apps of the file APPS_FILE too. The file is read once, at the first look, and must be the
 * service's alone; GitHub's facts about its Apps are kept in memory. An App that is in both is the file's. `all`
 * and `check` throw `apps_file_unusable` besides, until the file is in order.
 */
export function withAppsInFile(
  store: AppStore,
  parts: {
    file: string;
    apiUrl: string;
    checkSecret: (name: string, secret: string) => Problem | undefined;
    clock: Clock;
    redactor: Redactor;
  },
): AppStore & { check(): Promise<void> } {
  let own: StoredApp[] = [];
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const apps = (await readApps(parts)).map((app) => newRecord(app, parts.clock.now()));
    for (const app of apps) {
      maskApp(parts.redactor, app);
      const secret = app.webhookSecret?.reveal();
      const problem = secret === undefined ? undefined : parts.checkSecret('The webhook secret', secret);
      if (problem) throw new FlowError({ ...problem, blame: 'operator' });
    }
    own = apps;
  };
  const whole = async (): Promise<void> => {
    reading ??= read().catch((error: unknown) => {
      reading = undefined;
      throw fileUnusable(parts.file, asFlowError(error));
    });
    await reading;
  };
  const joined = (stored: readonly StoredApp[]): readonly StoredApp[] => [
    ...own,
    ...stored.filter((app) => !own.some((each) => mergedRecord(app, each))),
  ];
  return {
    ...store,
    check: whole,
    async all() {
      await whole();
      return joined(await store.all());
    },
    last: () => joined(store.last()),
    async remove(key) {
      const app = own.find((each) => each.key === key);
      if (app) throw appOfFile(app, parts.file);
      await store.remove(key);
    },
    async learn(key, learnt) {
      if (!own.some((app) => app.key === key)) return await store.learn(key, learnt);
      own = own.map((app) => (app.key === key ? { ...app, ...learnt } : app));
    },
  };
}

async function readApps({
  file,
  apiUrl,
}: {
  file: string;
  apiUrl: string;
}): Promise<ReturnType<typeof readAppFiles>> {
  const reading = await readPrivateFile(file, { maxBytes: MAX_BYTES, uid: serviceUid() });
  if ('content' in reading) return readAppFiles(reading.content.toString('utf8'), { apiUrl });
  const directory = 'directory' in reading.issues[0] && reading.issues[0].directory;
  const noun = directory ? 'The directory of the file with Apps,' : 'The file with Apps';
  const texts = describeFileIssue(noun, reading.issues[0], `Write it again, or unset APPS_FILE.`);
  throw new FlowError({ code: 'apps_file_unusable', blame: 'operator', ...texts });
}

function fileUnusable(file: string, issue: FlowError): FlowError {
  if (issue.code === 'apps_file_unusable') return issue;
  return new FlowError({
    code: 'apps_file_unusable',
    blame: 'operator',
    message: `APPS_FILE is ${file}, which cannot be used: ${issue.message}`,
    hint: issue.hint,
    cause: issue,
  });
}

function appOfFile(app: StoredApp, file: string): FlowError {
  return new FlowError({
    code: 'app_of_file',
    blame: 'operator',
    message: `The App ${appName(app)} is in ${file} (APPS_FILE), and not in the store.`,
    hint: `Take it out of ${file}, and start the service again.`,
  });
}
