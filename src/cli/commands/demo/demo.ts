import type { Command } from 'commander';
import { systemClock as clock } from '../../../base/clock.ts';
import { FlowError } from '../../../base/errors.ts';
import { loadConfig } from '../../../config/load.ts';
import type { Run } from '../../../runs/run.ts';
import { runView } from '../../../runs/view/view.ts';
import type { Io } from '../../terminal/io.ts';
import { printJson } from '../../terminal/output.ts';
import { untilSignal } from '../shared/until-signal.ts';
import { deliverComment } from './follow.ts';
import { keepServing } from './keep.ts';
import { chooseModel } from './model-choice.ts';
import { openDemoPaths } from './paths.ts';
import { type DemoResult, keepResult, showPaths, showResult } from './result.ts';
import { createScreen, seconds } from './screen.ts';
import { type Demo, holdDemo, setUp } from './set-up.ts';
import { INTRODUCTION, REAL_REPOSITORY } from './texts.ts';

type Options = { keep?: true; real?: true; json?: true };

/** `demo`. */
export function addDemoCommand(program: Command, io: Io): void {
  program
    .command('demo')
    .description('Show how a signed comment becomes a finished run of a real agent; no account is required.')
    .option('--keep', 'keep the service running for more deliveries, until Ctrl-C')
    .option('--real', 'use OpenAI’s model, with the Codex login in SECRETS_DIR/codex')
    .option('--json', 'print the result as JSON, and all other output on standard error')
    .action(async (options: Options) => {
      await using disposables = new AsyncDisposableStack();
      await demo(io, options, disposables);
    });
}

async function demo(io: Io, options: Options, disposables: AsyncDisposableStack): Promise<void> {
  const begun = clock.now();
  const { DOCKER_HOST, RUN_AS, SECRETS_DIR } = io.settings();
  const operator = loadConfig({ DOCKER_HOST, RUN_AS, SECRETS_DIR }, io.origin().directory);
  const { model, words } = await chooseModel(operator, options.real === true, clock);
  const paths = openDemoPaths();
  disposables.defer(holdDemo(paths).release);
  const screen = createScreen(options.json ? { ...io, out: io.err } : io, clock);
  const stop = new AbortController();
  void untilSignal(['SIGINT', 'SIGTERM', 'SIGHUP']).then(() => stop.abort(interrupted()));
  const demo: Demo = { io, screen, paths, operator, model, signal: stop.signal, disposables };

  screen.heading(INTRODUCTION);
  screen.text(words);
  const service = await setUp(demo);
  const run = await deliverComment(demo, service);
  const result = await keepResult(paths, run);
  if (options.json) printResult(io, result);
  if (run.outcome !== 'succeeded') return notSucceeded(demo, run);
  showResult(screen, paths, result);
  screen.heading('Next: a repository of your own');
  screen.text(REAL_REPOSITORY);
  screen.text(`\nDone in ${seconds(clock.now() - begun)}.`);
  if (!options.keep) return;
  await keepServing({ ...demo, ...service.app, clock });
  screen.text('\nStopping.');
}

function printResult(io: Io, { run, change, directory }: DemoResult): void {
  printJson(io, { ...runView(run), reasonDetail: run.reason, answer: run.finalMessage, change, directory });
}

function notSucceeded({ io, screen, paths }: Demo, run: Run): void {
  screen.heading(`The run did not succeed: ${run.outcome?.replace('_', ' ') ?? 'no outcome'}`);
  if (run.reason) screen.problem(run.reason);
  showPaths(screen, paths, run);
  io.fail(1);
}

function interrupted(): FlowError {
  return new FlowError({
    code: 'demo_interrupted',
    blame: 'operator',
    message: 'The demo was interrupted. It stopped its service and removed its containers.',
    hint: 'Start it again: npm run demo',
  });
}
