import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock as clock } from '../../../base/clock.ts';
import { asFlowError, FlowError } from '../../../base/errors.ts';
import { writeAtomic } from '../../../base/files.ts';
import type { Secret } from '../../../base/secret.ts';
import { type App, startApp } from '../../../compose/service.ts';
import type { Config } from '../../../config/config.ts';
import { webhookSecretMissing } from '../../../config/webhook-secret.ts';
import { createEngine, type Engine } from '../../../containers/engine/docker.ts';
import { lockInstallation } from '../../../db/lock.ts';
import type { RunStore } from '../../../runs/store/run-store.ts';
import { removeHostileTree } from '../../../workspaces/remove.ts';
import type { Io } from '../../terminal/io.ts';
import { reportImage } from '../doctor/engine.ts';
import { serveModelInRuns } from './model.ts';
import type { DemoPaths } from './paths.ts';
import { DEMO_IMAGE, DEMO_REPOSITORY, type DemoModel } from './profile.ts';
import type { Screen } from './screen.ts';
import { greeterScript } from './script.ts';
import { demoConfig, demoSettings, makeDemoRepository, writeSettings, writeStage } from './stage.ts';

/** The parts of one demo. */
export type Demo = {
  io: Io;
  screen: Screen;
  paths: DemoPaths;
  /** The operator's configuration, of which the demo uses little. */
  operator: Config;
  model: DemoModel;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Ends everything that the demo started. */
  disposables: AsyncDisposableStack;
};

/** The demo's service, and the secret that its deliveries are signed with. */
export type DemoService = { app: App; secret: Secret };

/** Creates everything that a run needs, up to the service that receives webhooks. */
export async function setUp(demo: Demo): Promise<DemoService> {
  const { screen, paths, model, signal, disposables } = demo;
  screen.heading('Set-up');
  await screen.step('The Docker engine answers and has the agent’s image', () => checkEngine(demo));
  await screen.step('No container of an earlier demo is left', () => removeLast(demo));
  signal.throwIfAborted();
  await screen.step('A repository with a bug in it', () => makeDemoRepository(paths.repositories));
  await screen.step('A profile, its prompt, and a token without an account', () => writeStage(paths, model));
  if (model.kind === 'scripted')
    await screen.step(
      'The scripted model, on a socket that only the agent’s container can reach',
      async () => {
        disposables.defer(
          serveModelInRuns(join(paths.varDir, 'work', DEMO_REPOSITORY), greeterScript, clock).close,
        );
      },
    );
  signal.throwIfAborted();
  const service = await screen.step('The service', () => startService(demo));
  screen.text(`  It receives webhooks at ${service.app.url}/webhooks/github`);
  return service;
}

async function checkEngine({ operator }: Demo): Promise<void> {
  const engine = createEngine({ dockerHost: operator.dockerHost, clock });
  await engine.ping();
  const [problem] = (await reportImage(engine, DEMO_IMAGE, operator.runAs)).problems;
  if (problem) throw new FlowError({ ...problem, blame: 'operator' });
}

async function removeLast({ screen, operator, paths }: Demo): Promise<void> {
  const left = await removeLastDemo(paths, createEngine({ dockerHost: operator.dockerHost, clock }));
  const what = left === 1 ? 'a container' : `${left} containers`;
  if (left > 0) screen.text(`✓ Removed ${what} of a demo that was killed`);
}

async function startService({ io, paths, operator, disposables }: Demo): Promise<DemoService> {
  const settings = demoSettings(io.settings(), paths, operator.runAs);
  const config = demoConfig(settings, paths);
  const app = await startDemoService(config, { paths, clock, disposables });
  await writeSettings(paths, { ...settings, PORT: new URL(app.url).port });
  const [secret] = config.webhookSecrets;
  if (!secret) throw webhookSecretMissing();
  return { app, secret };
}

/** How long a stopping demo waits for cancelled runs. */
const DRAIN_MS = 15_000;

const POLL_MS = 80;

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
async function removeLastDemo(paths: DemoPaths, engine: Engine): Promise<number> {
  const left = (await Promise.all((await lastInstallations(paths)).map(engine.list))).flat();
  for (const { id } of left) await engine.remove(id);
  for (const dir of [paths.varDir, paths.runDir, paths.profiles, paths.secrets]) await removeHostileTree(dir);
  return left.length;
}

/** The real service with the demo's configuration, its log in a file; `disposables` ends its runs first, so no container is left. */
async function startDemoService(
  config: Config,
  parts: { paths: DemoPaths; clock: Clock; disposables: AsyncDisposableStack },
): Promise<App> {
  const { paths, clock, disposables } = parts;
  const log = openSync(paths.serviceLog, 'w', 0o600);
  const destination = { write: (line: string) => void writeSync(log, line) };
  disposables.defer(() => closeSync(log));
  const app = await startApp(config, destination);
  disposables.defer(async () => await app.stop(DRAIN_MS));
  disposables.defer(async () => void (await endActiveRuns({ ...app, clock }, 'the demo was stopped')));
  const installations = [...(await lastInstallations(paths)), app.installation].slice(-REMEMBERED);
  await writeAtomic(paths.installations, installations.join('\n'), { mode: 0o600 });
  return app;
}

/** Cancels every active run and waits up to `limitMs` for their ends; gives their number. */
async function endActiveRuns(
  parts: { runs: RunStore; clock: Clock },
  reason: string,
  limitMs = 30_000,
): Promise<number> {
  const active = await parts.runs.notEnded();
  for (const run of active) await parts.runs.requestCancel(run.id, reason);
  const until = parts.clock.now() + limitMs;
  while ((await parts.runs.notEnded()).length > 0 && parts.clock.now() < until)
    await parts.clock.sleep(POLL_MS);
  return active.length;
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
