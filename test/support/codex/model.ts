import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import {
  MODEL_SOCKET,
  type ModelScript,
  type ScriptedModel,
  serveModelInRuns,
  serveModelIn as serveScript,
} from '../../../src/cli/commands/demo/model.ts';
import { scriptedModelConfig } from '../../../src/cli/commands/demo/script.ts';
import { commitScript } from '../git/commit-script.ts';
import { chatgptAuth, type FakeLogin, fakeLogin } from './login.ts';

const TEN_DAYS_MS = 10 * 24 * 3_600_000;

/** Appends a line to README.md and commits it. */
export const editReadme: ModelScript = commitScript((issue) => `echo 'Seen: issue #${issue}.' >> README.md`);

/**
 * Writes a Codex state directory: a made-up ChatGPT login good for ten days, and a configuration that asks the model
 * at `socket` (a path in the container). Gives the tokens, so that a test can look for them.
 */
export function writeCodexState(dir: string, socket = `/workspace/${MODEL_SOCKET}`): FakeLogin {
  const login = fakeLogin(systemClock.now() + TEN_DAYS_MS);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'config.toml'), scriptedModelConfig(socket), { mode: 0o600 });
  writeFileSync(join(dir, 'auth.json'), JSON.stringify(chatgptAuth(login), null, 2), { mode: 0o600 });
  return login;
}

/** Serves the model as `model.sock` in a directory, however long its path. */
export const serveModelIn = (dir: string, script: ModelScript = editReadme): Promise<ScriptedModel> =>
  serveScript(dir, script);

/** Serves the model in the workspace of each run of one repository as it appears: `dir` is `<work>/<owner>/<repo>`. */
export const serveModelInEachRun = (
  dir: string,
  script: ModelScript = editReadme,
): ReturnType<typeof serveModelInRuns> => serveModelInRuns(dir, script, systemClock);
