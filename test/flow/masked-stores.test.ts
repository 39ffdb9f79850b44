import { expect, test } from 'vitest';
import { createCodexReader } from '../../src/agents/codex/events.ts';
import { maskedReports, maskedRuns } from '../../src/flow/credentials/masked-stores.ts';
import { createRedactor } from '../../src/log/redact.ts';
import type { ReportStore } from '../../src/runs/outbox/report-store.ts';
import type { Run } from '../../src/runs/run.ts';
import type { RunStore } from '../../src/runs/store/run-store.ts';
import { resultOf } from '../support/databases/queue.ts';

const VALUE = 'q7Rz_pX4-mV9tKw2';
const spelt = [...VALUE]
  .map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  .join('');

/** Keeps what a store is called with. */
function recorder<Store extends object>(): { calls: unknown[]; store: Store } {
  const calls: unknown[] = [];
  const store = new Proxy({} as Store, {
    ownKeys: () => ['advance', 'note', 'noteWithin', 'requestCancel', 'add', 'failed'],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get:
      () =>
      async (...parts: unknown[]) => {
        calls.push(parts);
        return true;
      },
  });
  return { calls, store };
}

test('no text comes into the rows of a run or a report unmasked, in whatever spelling', async () => {
  const redactor = createRedactor();
  redactor.add(VALUE);
  const runs = recorder<RunStore>();
  const masked = maskedRuns(runs.store, redactor.mask);
  const hex = Buffer.from(VALUE).toString('hex');
  await masked.note('r', { kind: 'k', text: `it is ${spelt}`, data: { deep: [{ hex }], code: 3 } });
  const reason = { code: 'agent_failed', message: `it is ${hex}`, hint: `use ${[...VALUE].join('\u200b')}` };
  await masked.advance(
    { id: 'r' } as Run,
    'reporting',
    resultOf('failed', { finalMessage: Buffer.from(VALUE).toString('base64'), reason, exitCode: 1 }),
    VALUE,
  );
  await masked.requestCancel('r', VALUE);
  const reports = recorder<ReportStore>();
  await maskedReports(reports.store, redactor.mask).failed('1', encodeURIComponent(VALUE), null);
  expect(runs.calls).toEqual([
    ['r', { kind: 'k', text: 'it is [masked]', data: { deep: [{ hex: '[masked]' }], code: 3 } }],
    [
      { id: 'r' },
      'reporting',
      {
        finalMessage: expect.stringMatching(/^\[masked\]\w?={0,2}$/),
        reason: { code: 'agent_failed', message: 'it is [masked]', hint: 'use [masked]' },
        exitCode: 1,
        outcome: 'failed',
        usage: null,
      },
      '[masked]',
    ],
    ['r', '[masked]'],
  ]);
  expect(reports.calls).toEqual([['1', '[masked]', null]]);
});

test("an agent's final message is masked as it reads, before it is cut or made plain", () => {
  const redactor = createRedactor();
  redactor.add(VALUE);
  const reader = createCodexReader(redactor.mask);
  reader.read('{"type":"thread.started","thread_id":"t"}');
  const text = `{"type":"item.completed","item":{"type":"agent_message","text":"it is ${spelt}, ${[...VALUE].join('\\u200b')}"}}`;
  const events = reader.read(text);
  expect(reader.result().finalMessage).toBe('it is [masked], [masked]');
  expect(events[0]?.text).toBe('it is [masked], [masked]');
  const cut = `${'x'.repeat(395)}${VALUE}`;
  const [event] = reader.read(JSON.stringify({ type: 'error', message: cut }));
  expect(event?.text).not.toContain(VALUE.slice(0, 4));
});
