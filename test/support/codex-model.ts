import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import {
  MODEL_SOCKET,
  type ModelRequest,
  type ModelScript,
  type ScriptedModel,
  serveModelIn as serveScript,
} from '../../src/cli/demo-model.ts';
import { scriptedModelConfig } from '../../src/cli/demo-script.ts';
import { chatgptAuth, type FakeLogin, fakeLogin } from './codex-login.ts';
import { commitScript } from './commit-script.ts';

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
export function serveModelInEachRun(
  dir: string,
  script: ModelScript = editReadme,
): { requests: () => ModelRequest[]; close(): Promise<void> } {
  const models = new Map<string, Promise<ScriptedModel>>();
  const running: ScriptedModel[] = [];
  const serve = async (workspace: string): Promise<ScriptedModel> => {
    const model = await serveModelIn(workspace, script);
    running.push(model);
    return model;
  };
  const look = systemClock.every(10, () => {
    for (const run of existsSync(dir) ? readdirSync(dir) : []) {
      if (!models.has(run)) models.set(run, serve(join(dir, run)));
    }
  });
  return {
    requests: () => running.flatMap((model) => model.requests),
    async close() {
      look.stop();
      await Promise.all([...models.values()].map(async (model) => (await model).close()));
    },
  };
}
