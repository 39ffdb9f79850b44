import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../base/clock.ts';
import { asFlowError, FlowError } from '../../../base/errors.ts';
import { writeAtomic } from '../../../base/files.ts';
import { type App, startApp } from '../../../compose/service.ts';
import type { Config } from '../../../config/config.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { lockInstallation } from '../../../db/lock.ts';
import { removeHostileTree } from '../../../workspaces/remove.ts';
import { endLivingRuns } from './follow.ts';
import type { DemoPaths } from './paths.ts';

/** How long a stopping demo waits for cancelled runs. */
const DRAIN_MS = 15_000;

/** Number of earlier demos whose containers are removed: the engine may finish a request of a killed demo. */
const REMEMBERED = 5;

/** Locks the user's demo for this process; the kernel releases the lock when it dies. Throws `demo_running`. */
export function holdDemo(paths: DemoPaths): { release(): void } {
  try {
    return lockInstallation(paths.lock);
  } catch (error) {
    throw asFlowError(error).code === 'service_already_running' ? demoRunning(paths) : error;
  }
}

/**
 * Removes everything of the last demo, also of a killed one and of another version; gives the number of its
 * containers. Throws the engine's codes.
 */
export async function removeLastDemo(paths: DemoPaths, engine: Engine): Promise<number> {
  const left = (await Promise.all((await lastInstallations(paths)).map(engine.list))).flat();
  for (const { id } of left) await engine.remove(id);
  for (const dir of [paths.varDir, paths.runDir, paths.profiles, paths.secrets]) await removeHostileTree(dir);
  return left.length;
}

/** The real service with the demo's configuration, its log in a file; `disposables` ends its runs first, so no container is left. */
export async function startDemoService(
  config: Config,
  parts: { paths: DemoPaths; clock: Clock; disposables: AsyncDisposableStack },
): Promise<App> {
  const { paths, clock, disposables } = parts;
  const log = openSync(paths.serviceLog, 'w', 0o600);
  const destination = { write: (line: string) => void writeSync(log, line) };
  disposables.defer(() => closeSync(log));
  const app = await startApp(config, destination);
  disposables.defer(async () => await app.stop(DRAIN_MS));
  disposables.defer(async () => void (await endLivingRuns({ ...app, clock }, 'the demo was stopped')));
  const installations = [...(await lastInstallations(paths)), app.installation].slice(-REMEMBERED);
  await writeAtomic(paths.installations, installations.join('\n'), { mode: 0o600 });
  return app;
}

async function lastInstallations(paths: DemoPaths): Promise<string[]> {
  const text = await readFile(paths.installations, 'utf8').catch(() => '');
  return text.split('\n').filter((name) => /^[0-9a-z]{8}$/.test(name));
}

function demoRunning(paths: DemoPaths): FlowError {
  return new FlowError({
    code: 'demo_running',
    blame: 'operator',
    message: `Another demo of yours runs in ${paths.dir}.`,
    hint: `Wait for it, or stop it with Ctrl-C; \`fuser ${paths.lock}\` names its process.`,
  });
}
