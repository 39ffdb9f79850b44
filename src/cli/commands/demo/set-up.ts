import { join } from 'node:path';
import { systemClock as clock } from '../../../base/clock.ts';
import { FlowError } from '../../../base/errors.ts';
import type { Secret } from '../../../base/secret.ts';
import type { App } from '../../../compose/service.ts';
import type { Config } from '../../../config/config.ts';
import { webhookSecretMissing } from '../../../config/webhook-secret.ts';
import { createEngine } from '../../../containers/engine/docker.ts';
import type { Io } from '../../terminal/io.ts';
import { reportImage } from '../doctor/image.ts';
import { serveModelInRuns } from './model-runs.ts';
import type { DemoPaths } from './paths.ts';
import { DEMO_IMAGE, type DemoModel } from './profile.ts';
import { DEMO_REPOSITORY, makeDemoRepository } from './repository.ts';
import type { Screen } from './screen.ts';
import { greeterScript } from './script.ts';
import { removeLastDemo, startDemoService } from './service.ts';
import { demoConfig, demoSettings, writeSettings, writeStage } from './stage.ts';

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
