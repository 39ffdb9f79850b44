import { type Clock, systemClock as clock } from '../../../base/clock.ts';
import { FlowError } from '../../../base/errors.ts';
import type { Owner } from '../../../base/files.ts';
import type { DeliveryStore } from '../../../deliveries/delivery-store.ts';
import type { Run, TimelineEntry } from '../../../runs/run.ts';
import type { RunStore } from '../../../runs/store/run-store.ts';
import { deliver, signatureOf } from '../deliver.ts';
import { freshSample, type Outgoing } from '../sample.ts';
import { DEMO_TIMEOUT_SEC, type DemoModel } from './profile.ts';
import type { Screen } from './screen.ts';
import type { Demo, DemoService } from './set-up.ts';

/** Sends a comment as GitHub would, and follows its run; gives the run when it has ended. Throws the signal's reason after it cancelled the run. */
export async function deliverComment(demo: Demo, { app, secret }: DemoService): Promise<Run> {
  const { screen, model, signal, operator } = demo;
  const delivery = freshSample('issue_comment', clock.now());
  screen.heading('A comment arrives');
  screen.text(deliveryText(delivery, signatureOf(delivery.body, secret)));
  const { status, body } = await deliver(app.url, delivery, secret);
  screen.text(`${status === 202 ? '✓' : '✗'} ${status} ${JSON.stringify(body)}`);
  screen.heading('What happens');
  screen.text(containerText(operator.runAs, model));
  screen.text('');
  const parts = { ...app, screen, clock, signal };
  const runId = await untilDecided(parts, delivery.id);
  const run = await followRun(parts, runId, DEMO_TIMEOUT_SEC[model.kind] * 1000);
  signal.throwIfAborted();
  return run;
}

/** A delivery as it goes over the wire, with the comment in it. */
function deliveryText({ id, event, body }: Outgoing, signature: string): string {
  const { issue, comment } = JSON.parse(body.toString());
  return [
    `${comment.user.login} on issue #${issue.number}, “${issue.title}”: “${comment.body}”`,
    '',
    `POST /webhooks/github        ${body.length} bytes of JSON`,
    `X-GitHub-Event: ${event}`,
    `X-GitHub-Delivery: ${id}`,
    `X-Hub-Signature-256: ${signature.slice(0, 23)}…`,
  ].join('\n');
}

/** What the agent's container may do. */
function containerText(runAs: Owner, model: DemoModel): string {
  const network = model.kind === 'real' ? 'an open network' : 'no network at all';
  return `Codex runs as ${runAs.uid}:${runAs.gid} in its own container, with ${network}, no capability, read-only
copies of its credentials, and limits on memory, processors, processes and time.`;
}

/** Parts of following; `signal` cancels the run, which is still followed to its end. */
type FollowDemo = {
  deliveries: DeliveryStore;
  runs: RunStore;
  screen: Screen;
  clock: Clock;
  signal: AbortSignal;
};

const LOOK_EVERY_MS = 80;

/** Time for queueing and clean-up beyond the run's own limits. */
const PATIENCE_MS = 120_000;

/** Longer lines of the timeline are cut; `runs show` has them whole. */
const MAX_LINE = 160;

/** The run that a delivery became, as soon as that is decided. Throws `demo_no_run`. */
async function untilDecided(parts: FollowDemo, deliveryId: string): Promise<string> {
  for (;;) {
    const decision = (await parts.deliveries.find(deliveryId))?.decision;
    if (decision?.runId) return decision.runId;
    if (decision) throw noRun(decision.reason, decision.message);
    parts.signal.throwIfAborted();
    await parts.clock.sleep(LOOK_EVERY_MS);
  }
}

/** Shows a run's timeline as it grows, until the run has ended; cancels it after `limitMs`. */
async function followRun(parts: FollowDemo, runId: string, limitMs: number): Promise<Run> {
  const { runs, screen, clock, signal } = parts;
  const begun = clock.now();
  let seq = 0;
  screen.busy('waiting for the next line of the timeline');
  for (;;) {
    const run = await runs.find(runId);
    for (const entry of await runs.timeline(runId, seq)) {
      screen.moment(entry.at - begun, entryWords(entry));
      seq = entry.seq;
    }
    if (run?.state === 'ended') break;
    if (signal.aborted) await runs.requestCancel(runId, 'the demo was interrupted');
    if (clock.now() - begun > limitMs + PATIENCE_MS) await runs.requestCancel(runId, 'the demo timed out');
    await clock.sleep(LOOK_EVERY_MS);
  }
  screen.rest();
  return (await runs.find(runId)) as Run;
}

/** A short line of the timeline: a command as a person types it, and its end. */
function entryWords({ kind, text, data }: TimelineEntry): string {
  const { command, exitCode } = data;
  if (kind !== 'agent.command') return oneLine(text);
  if (typeof exitCode === 'number') return `  exit code ${exitCode}`;
  if (exitCode === undefined && typeof command === 'string') return oneLine(`$ ${typed(command)}`);
  return oneLine(text);
}

/** Codex passes commands to a login shell; the text between the quotes is the command. */
function typed(command: string): string {
  return /^(?:\/bin\/)?bash -lc (['"])([\s\S]*)\1$/.exec(command)?.[2] ?? command;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
}

function noRun(reason: string, message: string): FlowError {
  return new FlowError({
    code: 'demo_no_run',
    blame: 'service',
    message: `The demo's delivery became no run (${reason}): ${message}`,
    hint: 'Report it with service.log from the demo’s directory.',
  });
}
