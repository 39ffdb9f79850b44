import { systemClock as clock } from '../../../base/clock.ts';
import type { Run } from '../../../runs/run.ts';
import { deliver, signatureOf } from '../deliver.ts';
import { freshSample } from '../sample.ts';
import { followRun, untilDecided } from './follow.ts';
import { DEMO_TIMEOUT_SEC } from './profile.ts';
import type { Demo, DemoService } from './set-up.ts';
import { containerText, deliveryText } from './texts.ts';

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
