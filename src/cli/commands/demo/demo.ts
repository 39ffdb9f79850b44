import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { inspectCodexState } from '../../../agents/codex/state/state.ts';
import { codexSummary } from '../../../agents/codex/state/summary.ts';
import { type Clock, systemClock as clock } from '../../../base/clock.ts';
import { FlowError, IssuesError, type Problem } from '../../../base/errors.ts';
import type { Config } from '../../../config/config.ts';
import { loadConfig } from '../../../config/load.ts';
import type { DeliveryStore } from '../../../deliveries/delivery-store.ts';
import type { Run } from '../../../runs/run.ts';
import type { RunStore } from '../../../runs/store/run-store.ts';
import { runView } from '../../../runs/view/view.ts';
import type { Io } from '../../terminal/io.ts';
import { printJson } from '../../terminal/output.ts';
import { untilSignal } from '../shared/until-signal.ts';
import { deliverComment } from './follow.ts';
import { type DemoPaths, openDemoPaths } from './paths.ts';
import type { DemoModel } from './profile.ts';
import { type DemoResult, demoCommand, keepResult, showPaths, showResult } from './result.ts';
import { createScreen, type Screen, seconds } from './screen.ts';
import { type Demo, holdDemo, setUp } from './set-up.ts';

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

const LOOK_EVERY_MS = 300;

/** Number of newest deliveries in a poll; nobody sends more by hand meanwhile. */
const NEWEST = 50;

/** Keeps the service running until the signal, and prints the result of each further delivery. */
async function keepServing(parts: {
  url: string;
  deliveries: DeliveryStore;
  runs: RunStore;
  paths: DemoPaths;
  screen: Screen;
  clock: Clock;
  signal: AbortSignal;
}): Promise<void> {
  const { screen, paths, clock, signal } = parts;
  screen.heading('The service keeps running');
  screen.text(
    [
      `It receives webhooks at ${parts.url}/webhooks/github until you press Ctrl-C.`,
      'Send another comment from a second terminal:',
      '',
      demoCommand(paths, 'send issue_comment'),
    ].join('\n'),
  );
  const shown = new Set((await parts.deliveries.list({ limit: NEWEST })).map(({ id }) => id));
  while (!signal.aborted) {
    for (const line of await newResults(parts, shown)) screen.text(line);
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

/** One line for each delivery that was decided, and whose run ended, since the last poll. */
async function newResults(
  { deliveries, runs }: { deliveries: DeliveryStore; runs: RunStore },
  shown: Set<string>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { id, event, decision } of await deliveries.list({ limit: NEWEST })) {
    if (shown.has(id) || !decision) continue;
    const run = decision.runId === null ? undefined : await runs.find(decision.runId);
    if (run && run.state !== 'ended') continue;
    shown.add(id);
    const end = run ? `run ${run.id} ${run.outcome}: ${run.finalMessage ?? run.reason?.message ?? ''}` : '';
    lines.push(`${event}: ${end || `no run, ${decision.message}`}`);
  }
  return lines.toReversed();
}

/** The model of the demo, and the text about it. Throws `demo_login_unusable`. */
async function chooseModel(
  { secretsDir }: Pick<Config, 'secretsDir'>,
  isReal: boolean,
  clock: Clock,
): Promise<{ model: DemoModel; words: string }> {
  if (!isReal) return { model: { kind: 'scripted' }, words: SCRIPTED };
  const codexState = join(secretsDir, 'codex');
  const state = await inspectCodexState(codexState, clock.now());
  if (state.problems.length > 0) throw loginUnusable(codexState, state.problems);
  return {
    model: { kind: 'real', codexState },
    words: `OpenAI's model answers, over an open network. It uses the login in ${codexSummary(state, clock.now())}.`,
  };
}

const SCRIPTED = `A SCRIPTED MODEL answers in place of OpenAI: what it "thinks" was written beforehand in
src/cli/commands/demo/script.ts. So no account is needed, and nothing leaves this machine.
Everything else is real: the service, the signed webhook, the clone, the container,
and the Codex CLI in it, which asks the script and runs the commands that it gets.`;

function loginUnusable(dir: string, problems: readonly Problem[]): IssuesError {
  return new IssuesError(
    {
      code: 'demo_login_unusable',
      blame: 'operator',
      message: `The demo cannot use OpenAI's model: no run could use the Codex login in ${dir}.`,
      hint: 'Fix the problems below, or run the demo without --real. A scripted model needs no login.',
    },
    problems,
  );
}

const ROOT = resolve(import.meta.dirname, '../../../..');

/** What the demo is. */
const INTRODUCTION = 'github-flows: from a comment on GitHub to an agent’s commit';

/** From the demo to the reader's own repository. */
const REAL_REPOSITORY = `cd ${ROOT}
bin/github-flows codex login                      # once, with your ChatGPT account
install -d -m 700 ~/.secrets                      # then a fine-grained token for the repository:
(umask 077; cat > ~/.secrets/gh-token)            # paste it, Enter, Ctrl-D
cp -r profiles/example profiles/mine              # set your repository in it
echo "WEBHOOK_SECRET=$(openssl rand -hex 32)" >> .env
bin/github-flows doctor --repository owner/name   # lists what is still missing
bin/github-flows serve                            # and point the repository's webhook here

README.md and docs/setup/ubuntu/auth.md describe each step. The same demo with OpenAI's model
and your login: npm run demo -- --real. To keep the service running: npm run demo -- --keep.`;
