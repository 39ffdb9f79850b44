import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCodexReader } from '../../src/containers/codex-events.ts';
import type { OutputLine } from '../../src/containers/output-line.ts';

const line = (text: string, part = false): OutputLine => ({
  at: '2026-01-02T03:04:05.000000000Z',
  stream: 'stdout',
  text,
  ...(part ? { part: true } : {}),
});

const event = (value: unknown): OutputLine => line(JSON.stringify(value));

const item = (value: object, type = 'item.completed'): OutputLine =>
  event({ type, item: { id: 'item_1', ...value } });

const usage = (input: number, output: number): OutputLine =>
  event({
    type: 'turn.completed',
    usage: { input_tokens: input, cached_input_tokens: 5, output_tokens: output, reasoning_output_tokens: 2 },
  });

function readAll(...lines: OutputLine[]) {
  const reader = createCodexReader();
  const events = lines.flatMap((one) => reader.read(one));
  return {
    events,
    kinds: events.map(({ kind }) => kind),
    texts: events.map(({ text }) => text),
    ...reader.result(),
  };
}

test('a turn becomes a readable timeline, a final message and the tokens that it used', () => {
  const command = { type: 'command_execution', command: 'bash -lc ls', aggregated_output: '' };
  const {
    texts,
    kinds,
    finalMessage,
    usage: tokens,
  } = readAll(
    event({ type: 'thread.started', thread_id: '0199' }),
    event({ type: 'turn.started' }),
    item({ type: 'reasoning', text: '**Looking**' }),
    item({ ...command, exit_code: null, status: 'in_progress' }, 'item.started'),
    item({ ...command, exit_code: 2, status: 'failed' }),
    item({
      type: 'file_change',
      changes: [{ path: '/workspace/repo/a.md', kind: 'update' }],
      status: 'completed',
    }),
    item({ type: 'agent_message', text: 'First words.' }),
    item({ type: 'agent_message', text: 'Done:\n\n* all of it' }),
    usage(100, 10),
  );
  expect(texts).toEqual([
    'Codex began a thread.',
    '**Looking**',
    'Runs: bash -lc ls',
    'bash -lc ls ended with exit code 2.',
    'Changed files: update /workspace/repo/a.md',
    'First words.',
    'Done: * all of it',
    'Codex finished its turn.',
  ]);
  expect(kinds).toContain('codex.command_done');
  expect(finalMessage).toBe('Done:\n\n* all of it');
  expect(tokens).toEqual({ inputTokens: 100, cachedInputTokens: 5, outputTokens: 10, reasoningTokens: 2 });
});

test('the counts of a thread go on from turn to turn, and those of several threads add up', () => {
  const { usage: tokens } = readAll(
    event({ type: 'thread.started', thread_id: 'a' }),
    usage(100, 10),
    usage(250, 20),
    event({ type: 'thread.started', thread_id: 'b' }),
    usage(40, 4),
  );
  expect(tokens).toMatchObject({ inputTokens: 290, outputTokens: 24 });
});

test('failures are told', () => {
  const { texts } = readAll(
    event({ type: 'error', message: 'Reconnecting... 1/5' }),
    event({ type: 'turn.failed', error: { message: 'stream disconnected' } }),
  );
  expect(texts).toEqual(['Codex reports: Reconnecting... 1/5', 'Codex gave up: stream disconnected']);
});

test('an event that comes in parts is read whole', () => {
  const text = JSON.stringify({
    type: 'item.completed',
    item: { type: 'agent_message', text: 'x'.repeat(50_000) },
  });
  const parts = text.match(/.{1,16384}/gs) ?? [];
  const { finalMessage } = readAll(...parts.map((part, index) => line(part, index < parts.length - 1)));
  expect(finalMessage).toHaveLength(50_000);
});

test('a line without an end takes no memory, and the line after it is read', () => {
  const reader = createCodexReader();
  const part = line('{'.repeat(16_384), true);
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 20_000; count += 1) reader.read(part);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  reader.read(line('}'));
  expect(reader.read(usage(1, 1))).toHaveLength(1);
});

test('text for people is one short line without control, bidi or zero-width characters', () => {
  const text = `a\u001b[31mred\u202e\u200b\u0000 b\r\nc ${'🦀'.repeat(400)}`;
  const { texts } = readAll(item({ type: 'agent_message', text }));
  expect(texts[0]).toMatch(/^a \[31mred b c 🦀+…$/u);
  expect(texts[0]?.length).toBeLessThanOrEqual(400);
});

test('standard error, other programs’ JSON and JSON of unexpected shapes give nothing and harm nothing', () => {
  const shapes = [
    null,
    1,
    [],
    {},
    { type: 'item.completed' },
    { type: 'item.completed', item: 7 },
    { type: 'turn.completed' },
  ];
  const items = [
    'command_execution',
    'file_change',
    'agent_message',
    'mcp_tool_call',
    'todo_list',
    'unheard_of',
  ];
  const { finalMessage } = readAll(
    ...shapes.map(event),
    ...items.flatMap((type) => [
      item({ type, changes: 'none', text: 5 }),
      item({ type, changes: [null, 3] }),
    ]),
    { ...item({ type: 'agent_message', text: 'no' }), stream: 'stderr' },
    line('{"type":"item.completed","item":{"type":"agent_message","text":"torn'),
  );
  expect(finalMessage).toBeNull();
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.json(), fc.string())), (texts) => {
      readAll(...texts.map((text) => line(text)));
    }),
  );
});

test('counts that are no counts are zero', () => {
  const { usage: tokens } = readAll(
    event({ type: 'turn.completed', usage: { input_tokens: '9', output_tokens: -1 } }),
  );
  expect(tokens).toEqual({ inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 });
});
