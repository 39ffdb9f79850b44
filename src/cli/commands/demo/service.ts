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
import type { DemoPlaces } from './paths.ts';

/** How long a stopping demo waits for runs that it has called off. */
const DRAIN_MS = 15_000;

/** How many demos back containers are looked for: the engine may finish what a killed one had just asked for. */
const REMEMBERED = 5;

/** Says that this process is the user's demo; the kernel ends that at its death. Throws `demo_running`. */
export function holdDemo(places: DemoPlaces): { release(): void } {
  try {
    return lockInstallation(places.lock);
  } catch (error) {
    throw asFlowError(error).code === 'service_already_running' ? demoRunning(places) : error;
  }
}

/**
 * Removes all that the demo before this one kept or, when it was killed, left running, so that this one begins anew
 * whatever version made it; gives how many containers there were. Throws the engine's codes.
 */
export async function removeLastDemo(places: DemoPlaces, engine: Engine): Promise<number> {
  const left = (await Promise.all((await lastInstallations(places)).map(engine.list))).flat();
  for (const { id } of left) await engine.remove(id);
  for (const dir of [places.varDir, places.runDir, places.profiles, places.secrets])
    await removeHostileTree(dir);
  return left.length;
}

/** The real service with the demo's configuration, its log in a file; `disposables` ends its runs before it, so that no container is left. */
export async function startDemoService(
  config: Config,
  parts: { places: DemoPlaces; clock: Clock; disposables: AsyncDisposableStack },
): Promise<App> {
  const { places, clock, disposables } = parts;
  const log = openSync(places.serviceLog, 'w', 0o600);
  const destination = { write: (line: string) => void writeSync(log, line) };
  disposables.defer(() => closeSync(log));
  const app = await startApp(config, destination);
  disposables.defer(async () => await app.stop(DRAIN_MS));
  disposables.defer(async () => void (await endLivingRuns({ ...app, clock }, 'the demo was stopped')));
  const installations = [...(await lastInstallations(places)), app.installation].slice(-REMEMBERED);
  await writeAtomic(places.installations, installations.join('\n'), { mode: 0o600 });
  return app;
}

async function lastInstallations(places: DemoPlaces): Promise<string[]> {
  const text = await readFile(places.installations, 'utf8').catch(() => '');
  return text.split('\n').filter((name) => /^[0-9a-z]{8}$/.test(name));
}

function demoRunning(places: DemoPlaces): FlowError {
  return new FlowError({
    code: 'demo_running',
    blame: 'operator',
    message: `Another demo of yours runs in ${places.dir}.`,
    hint: `Wait for it, or stop it with Ctrl-C; \`fuser ${places.lock}\` names its process.`,
  });
}
