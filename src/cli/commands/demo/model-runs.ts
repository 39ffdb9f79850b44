import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { type ModelRequest, type ModelScript, type ScriptedModel, serveModelIn } from './model.ts';

/** How soon a workspace is noticed, in milliseconds; a clone takes longer. */
const LOOK_MS = 10;

/**
 * Serves a scripted model in the workspace of each run as it appears; `dir` is `WORKSPACE_ROOT/<owner>/<name>`. A socket
 * elsewhere would have to be mounted, and none of the host ever is.
 */
export function serveModelInRuns(
  dir: string,
  script: ModelScript,
  clock: Clock,
): { requests: () => ModelRequest[]; close(): Promise<void> } {
  const seen = new Map<string, Promise<ScriptedModel | undefined>>();
  const running: ScriptedModel[] = [];
  const serve = async (workspace: string): Promise<ScriptedModel | undefined> => {
    // A removed workspace has no agent.
    const model = await serveModelIn(workspace, script).catch(() => undefined);
    if (model) running.push(model);
    return model;
  };
  const look = clock.every(LOOK_MS, () => {
    for (const run of existsSync(dir) ? readdirSync(dir) : []) {
      if (!seen.has(run)) seen.set(run, serve(join(dir, run)));
    }
  });
  return {
    requests: () => running.flatMap((model) => model.requests),
    async close() {
      look.stop();
      await Promise.all([...seen.values()].map(async (model) => await (await model)?.close()));
    },
  };
}
