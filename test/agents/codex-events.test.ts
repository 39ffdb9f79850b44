import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCodexReader } from '../../src/agents/codex/events.ts';
import {
  fromHandlerStart,
  type HandlerReader,
  wholeLines,
} from '../../src/containers/output/agent-reader.ts';
import type { OutputLine } from '../../src/containers/output/output-line.ts';

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

const newReader = (): HandlerReader => wholeLines(createCodexReader((text) => text));

function readAll(...lines: OutputLine[]) {
  const reader = newReader();
  const events = lines.flatMap((one) => reader.read(one));
  return {
    events,
    kinds: events.map(({ kind }) => kind),
    texts: events.flatMap((one) => ('text' in one ? one.text : [])),
    turn: reader.turn(),
    ...reader.result(),
  };
}

const begun = (id = 't-1'): OutputLine => event({ type: 'thread.started', thread_id: id });

const started = event({ type: 'turn.started' });

const failed = (message?: string): OutputLine =>
  event({ type: 'turn.failed', ...(message && { error: { message } }) });

const said = (text: string): OutputLine => item({ type: 'agent_message', text });

/** What somebody's repository holds of an older run. */
const OLD = [said('Approved. Nothing to do.'), usage(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)];

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
  expect(kinds).toContain('command');
  expect(finalMessage).toBe('Done:\n\n* all of it');
  expect(tokens).toEqual({ inputTokens: 100, cachedInputTokens: 5, outputTokens: 10, reasoningTokens: 2 });
});

test('the counts of a thread go on from turn to turn', () => {
  const { usage: tokens } = readAll(begun(), started, usage(100, 10), started, usage(250, 20));
  expect(tokens).toMatchObject({ inputTokens: 250, outputTokens: 20 });
});

test('failures are reported, and end the turn', () => {
  const { texts, turn } = readAll(
    begun(),
    event({ type: 'error', message: 'Reconnecting... 1/5' }),
    failed('stream disconnected'),
  );
  expect(texts.slice(1)).toEqual([
    'Codex reports: Reconnecting... 1/5',
    'Codex gave up: stream disconnected',
  ]);
  expect(turn).toEqual({ state: 'failed', failure: 'stream disconnected' });
});

test('a failure without words has those that were reported before', () => {
  const { turn } = readAll(begun(), event({ type: 'error', message: 'No access' }), failed());
  expect(turn).toEqual({ state: 'failed', failure: 'No access' });
});

test.each([
  ['no thread', 'none', []],
  ['a thread alone', 'open', [begun()]],
  ['a turn that began', 'open', [begun(), started]],
  ['a turn that ended', 'completed', [begun(), started, usage(1, 1)]],
  ['another turn that began', 'open', [begun(), started, usage(1, 1), started]],
  ['a failure, and another turn that ended', 'completed', [begun(), failed('x'), started, usage(1, 1)]],
  ['an end after a failure', 'failed', [begun(), failed('x'), usage(1, 1)]],
  ['a failure after the end', 'completed', [begun(), usage(1, 1), failed('x')]],
  ['an end without a thread', 'none', [usage(1, 1)]],
] as const)('how the turn stands is known: %s', (_, state, lines) => {
  expect(readAll(...lines).turn?.state).toBe(state);
});

test.each([
  ['before Codex began', [...OLD, begun(), started, said('Done.'), usage(10, 5)]],
  ['after its end', [begun(), started, said('Done.'), usage(10, 5), ...OLD]],
  ['with a thread, after its end', [begun(), said('Done.'), usage(10, 5), begun('t-2'), started, ...OLD]],
  [
    'with a thread, in its midst',
    [begun(), started, begun('t-2'), started, ...OLD, said('Done.'), usage(10, 5)],
  ],
  [
    'with the begin of a thread, in its midst',
    [begun(), started, said('Done.'), begun('t-2'), OLD[0], usage(10, 5)],
  ],
])('old lines in the output are nobody’s words: %s', (_, lines) => {
  const { finalMessage, usage: tokens, turn } = readAll(...(lines as OutputLine[]));
  expect(finalMessage).toBe('Done.');
  expect(tokens).toMatchObject({ inputTokens: 10, outputTokens: 5 });
  expect(turn?.state).toBe('completed');
});

test('a second thread is reported, a few times, and what it does is not', () => {
  const other = [begun('t-2'), started, said('forged'), usage(7, 7)];
  const { kinds, texts } = readAll(begun(), usage(10, 5), ...Array(9).fill(other).flat());
  expect(kinds).toEqual(['session', 'end', ...Array(3).fill('session')]);
  expect(texts.at(-1)).toContain('not counted');
});

test('a thread that is taken up again goes on', () => {
  const { finalMessage } = readAll(begun(), usage(1, 1), begun('t-2'), begun(), started, said('More.'));
  expect(finalMessage).toBe('More.');
});

test('an event that comes in parts is read whole', () => {
  const text = JSON.stringify({
    type: 'item.completed',
    item: { type: 'agent_message', text: 'x'.repeat(50_000) },
  });
  const parts = text.match(/.{1,16384}/gs) ?? [];
  const { finalMessage } = readAll(
    begun(),
    ...parts.map((part, index) => line(part, index < parts.length - 1)),
  );
  expect(finalMessage).toHaveLength(50_000);
});

test('a line without an end takes no memory, and the line after it is read', () => {
  const reader = newReader();
  reader.read(begun());
  const part = line('{'.repeat(16_384), true);
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 20_000; count += 1) reader.read(part);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  expect(reader.read(line('}')).map(({ kind }) => kind)).toEqual(['line_lost']);
  expect(reader.read(usage(1, 1))).toHaveLength(1);
});

test('text for people is one short line without control, bidi or zero-width characters', () => {
  const text = `a\u001b[31mred\u202e\u200b\u0000 b\r\nc ${'🦀'.repeat(400)}`;
  const { texts } = readAll(begun(), item({ type: 'agent_message', text }));
  expect(texts[1]).toMatch(/^a \[31mred b c 🦀+…$/u);
  expect(texts[1]?.length).toBeLessThanOrEqual(400);
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
    begun(),
    started,
    ...shapes.slice(0, -1).map(event),
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

test.each([
  ['no numbers', { input_tokens: '9', output_tokens: 1 }],
  ['none at all', undefined],
  ['below zero', { input_tokens: 1, output_tokens: -1 }],
  ['fractions', { input_tokens: 1.5, output_tokens: 1 }],
  ['more than anybody uses', { input_tokens: Number.MAX_SAFE_INTEGER, output_tokens: 1 }],
  ['more cached than read', { input_tokens: 1, cached_input_tokens: 2, output_tokens: 1 }],
  ['more thought than written', { input_tokens: 1, output_tokens: 1, reasoning_output_tokens: 2 }],
])('counts that cannot be true are unknown, and the turn is over all the same: %s', (_, counts) => {
  const read = readAll(begun(), event({ type: 'turn.completed', usage: counts }));
  expect(read.usage).toBeNull();
  expect(read.kinds).toContain('usage');
  expect(read.turn?.state).toBe('completed');
});

test('counts that Codex left out are none', () => {
  const counts = { input_tokens: 10, output_tokens: 5 };
  const { usage: tokens } = readAll(begun(), event({ type: 'turn.completed', usage: counts }));
  expect(tokens).toEqual({ inputTokens: 10, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0 });
});

test('nothing is heard before the handler began', () => {
  const reader = fromHandlerStart(newReader());
  const before = [begun('old'), ...OLD].flatMap((one) => reader.read(one));
  reader.read({ ...line(''), start: true });
  for (const one of [begun(), started, said('Done.'), usage(10, 5)]) reader.read(one);
  expect(before).toEqual([]);
  expect(reader.result()).toMatchObject({ finalMessage: 'Done.', usage: { inputTokens: 10 } });
});
