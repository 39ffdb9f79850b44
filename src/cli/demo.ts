import type { Command } from 'commander';
import type { App } from '../app.ts';
import { systemClock as clock } from '../base/clock.ts';
import { FlowError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { webhookSecretMissing } from '../config/webhook-secret.ts';
import { createEngine } from '../containers/docker.ts';
import type { Run } from '../runs/run.ts';
import { deliver, signatureOf } from './deliver.ts';
import { followRun, untilDecided } from './demo-follow.ts';
import { keepServing } from './demo-keep.ts';
import { serveModelIn } from './demo-model.ts';
import { chooseModel } from './demo-model-choice.ts';
import { type DemoPlaces, openDemoPlaces } from './demo-places.ts';
import { DEMO_TIMEOUT_SEC, type DemoModel } from './demo-profile.ts';
import { makeDemoRepository } from './demo-repository.ts';
import { showPlaces, showResult } from './demo-result.ts';
import { createScreen, type Screen, seconds } from './demo-screen.ts';
import { greeterScript } from './demo-script.ts';
import { holdDemo, removeLastDemo, startDemoService } from './demo-service.ts';
import { demoConfig, demoSettings, writeSettings, writeStage } from './demo-stage.ts';
import { containerWords, deliveryWords, INTRODUCTION, REAL_REPOSITORY } from './demo-words.ts';
import { reportImage } from './image-check.ts';
import type { Io } from './io.ts';
import { freshSample } from './sample.ts';
import { untilSignal } from './serve.ts';

/** What one demo works with; `undo` is done backwards at its end, however it ends. */
type Demo = {
  io: Io;
  screen: Screen;
  places: DemoPlaces;
  /** The operator's own, of which the demo takes little. */
  operator: Config;
  model: DemoModel;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  undo: (() => Promise<void> | void)[];
};

type Service = { app: App; secret: Secret };

/** `demo`. */
export function addDemoCommand(program: Command, io: Io): void {
  program
    .command('demo')
    .description('Show a signed comment become a real agent’s finished run, with no account needed.')
    .option('--keep', 'leave the service running for more deliveries, until Ctrl-C')
    .option('--real', 'let OpenAI’s model answer, with the Codex login in SECRETS_DIR/codex')
    .action(async (options: { keep?: true; real?: true }) => {
      const undo: Demo['undo'] = [];
      try {
        await demo(io, { keep: options.keep === true, real: options.real === true }, undo);
      } finally {
        for (const step of undo.reverse()) await step();
      }
    });
}

async function demo(io: Io, options: { keep: boolean; real: boolean }, undo: Demo['undo']): Promise<void> {
  const begun = clock.now();
  const { DOCKER_HOST, RUN_AS, SECRETS_DIR } = io.settings();
  const operator = loadConfig({ DOCKER_HOST, RUN_AS, SECRETS_DIR }, io.directory);
  const { model, words } = await chooseModel(operator, options.real, clock);
  const places = openDemoPlaces();
  undo.push(holdDemo(places).release);
  const screen = createScreen(io, clock);
  const stop = new AbortController();
  void untilSignal(['SIGINT', 'SIGTERM', 'SIGHUP']).then(() => stop.abort(interrupted()));
  const demo: Demo = { io, screen, places, operator, model, signal: stop.signal, undo };

  screen.heading(INTRODUCTION);
  screen.text(words);
  const service = await setUp(demo);
  const run = await deliverComment(demo, service);
  if (run.outcome !== 'succeeded') return notSucceeded(demo, run);
  await showResult(screen, places, run);
  screen.heading('Go on with a repository of your own');
  screen.text(REAL_REPOSITORY);
  screen.text(`\nDone in ${seconds(clock.now() - begun)}.`);
  if (!options.keep) return;
  await keepServing({ ...demo, ...service.app, clock });
  screen.text('\nStopping.');
}

/** Everything that a run needs, up to the service that receives webhooks. */
async function setUp(demo: Demo): Promise<Service> {
  const { screen, places, operator, model, signal, undo } = demo;
  let left = 0;
  screen.heading('Setting the stage');
  await screen.step('The Docker engine answers, and has the agent’s image', async () => {
    const engine = createEngine({ dockerHost: operator.dockerHost, clock });
    await engine.ping();
    const [problem] = (await reportImage(engine, IMAGE, operator.runAs)).problems;
    if (problem) throw new FlowError({ ...problem, blame: 'operator' });
    left = await removeLastDemo(places, engine);
  });
  if (left > 0)
    screen.text(`✓ Removed ${left === 1 ? 'a container' : `${left} containers`} of a demo that was killed`);
  signal.throwIfAborted();
  await screen.step('A repository with a bug in it', () => makeDemoRepository(places.repositories));
  await screen.step('A profile, its prompt, and credentials of no account', () => writeStage(places, model));
  if (model.kind === 'scripted')
    await screen.step('The scripted model, on a socket that only the agent’s container sees', async () => {
      undo.push((await serveModelIn(places.model, greeterScript)).close);
    });
  signal.throwIfAborted();
  const service = await screen.step('The service', () => startService(demo));
  screen.text(`  It receives webhooks at ${service.app.url}/webhooks/github`);
  return service;
}

const IMAGE = 'github-flows-agent-codex:latest';

async function startService({ io, places, operator, undo }: Demo): Promise<Service> {
  const settings = demoSettings(io.settings(), places, operator.runAs);
  const config = demoConfig(settings, places);
  const app = await startDemoService(config, places, clock);
  undo.push(app.stop);
  await writeSettings(places, { ...settings, PORT: new URL(app.url).port });
  const [secret] = config.webhookSecrets;
  if (!secret) throw webhookSecretMissing();
  return { app, secret };
}

/** Sends the comment as GitHub would, and follows what comes of it. */
async function deliverComment(demo: Demo, { app, secret }: Service): Promise<Run> {
  const { screen, model, signal, operator } = demo;
  const delivery = freshSample('issue_comment', clock.now());
  screen.heading('A comment arrives');
  screen.text(deliveryWords(delivery, signatureOf(delivery.body, secret)));
  const { status, body } = await deliver(app.url, delivery, secret);
  screen.text(`${status === 202 ? '✓' : '✗'} ${status} ${JSON.stringify(body)}`);
  const parts = { ...app, screen, clock, signal };
  screen.heading('What happens');
  screen.text(containerWords(operator.runAs, model));
  screen.text('');
  const runId = await untilDecided(parts, delivery.id);
  const run = await followRun(parts, runId, DEMO_TIMEOUT_SEC[model.kind] * 1000);
  signal.throwIfAborted();
  return run;
}

function notSucceeded({ io, screen, places }: Demo, run: Run): void {
  screen.heading(`The run did not succeed: it ${run.outcome ?? 'has no outcome'}`);
  if (run.reason) screen.problem(run.reason);
  showPlaces(screen, places, run);
  io.fail(1);
}

function interrupted(): FlowError {
  return new FlowError({
    code: 'demo_interrupted',
    blame: 'operator',
    message: 'The demo was interrupted. What it had started is stopped, and no container is left.',
    mend: 'Start it again when you like: npm run demo',
  });
}
