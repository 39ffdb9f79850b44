import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseCodexConfig } from '../../src/agents/codex/state/config.ts';
import { type ScriptedModel, startScriptedModel } from '../../src/cli/commands/demo/model.ts';
import { scriptedModelConfig } from '../../src/cli/commands/demo/script.ts';
import { serveModelIn } from '../support/codex/model.ts';
import { commitScript } from '../support/git/commit-script.ts';

const script = commitScript((issue) => `touch ${issue}`);
const prompt = (text: string): object => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});
const output = (text: string): object => ({
  type: 'custom_tool_call_output',
  output: [{ text: 'Script completed' }, { text }],
});

let dir: string;
let socketPath: string;
let model: ScriptedModel;
let lines: string[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gf-model-'));
  socketPath = join(dir, 'model.sock');
  writeFileSync(socketPath, 'left behind by a service that was killed');
  lines = [];
  model = await startScriptedModel({ socketPath, script, log: (line) => lines.push(line) });
});

afterEach(async () => {
  await model.close();
  rmSync(dir, { recursive: true });
});

async function send(
  body: string,
  path = '/v1/responses',
  socket = socketPath,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, path, method: 'POST' }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function ask(body: object): Promise<Record<string, unknown>> {
  const { text } = await send(JSON.stringify(body));
  const events = [...text.matchAll(/^event: (.+)\ndata: (.+)$/gm)].map(([, type, data = '']) => ({
    type,
    data: JSON.parse(data),
  }));
  expect(events.map((event) => event.type)).toEqual([
    'response.created',
    'response.output_item.done',
    'response.completed',
  ]);
  return events[1]?.data.item;
}

describe('the scripted model', () => {
  test('the scripted model asks for a command first, by the tool that Codex offers, and answers when it has seen the output', async () => {
    const surroundings = prompt('<environment_context>issue #1</environment_context>');
    const input = [surroundings, prompt('Please see to issue #42.')];

    const first = await ask({ input });
    expect(first).toMatchObject({ type: 'custom_tool_call', name: 'exec', call_id: 'call_0' });
    expect(first.input).toContain('touch 42 && git add -A && git');

    const older = await ask({ input, tools: [{ name: 'exec_command' }] });
    expect(older).toMatchObject({ type: 'function_call', name: 'exec_command' });
    expect(JSON.parse(String(older.arguments)).cmd).toContain('touch 42');

    const last = await ask({ input: [...input, output('committed 0a1b2c3\n')] });
    expect(last).toMatchObject({ content: [{ text: 'Issue #42 is answered by commit 0a1b2c3.' }] });
    const failed = await ask({ input: [...input, output('fatal: no\n')] });
    expect(failed).toMatchObject({ content: [{ text: expect.stringContaining('fatal: no') }] });

    expect(model.requests.map((asked) => asked.turn?.prompt)).toEqual(
      Array(4).fill('Please see to issue #42.'),
    );
    expect(lines[0]).toMatch(/^The scripted model calls: touch 42/);
  });

  test.each([
    ['Issue number: 7 (see also #3)', '7'],
    ['Work on issue #15.', '15'],
    ['Fix #8, please', '8'],
    ['ISSUE_NUMBER=12', '12'],
    ['nothing to see', '0'],
  ])('finds the issue in “%s”', async (text, number) => {
    expect((await ask({ input: [prompt(text)] })).input).toContain(`touch ${number} &&`);
  });

  test('the scripted model has nothing at any other path, and drops what is not JSON', async () => {
    expect(await send('', '/v1/models')).toEqual({ status: 404, text: '{}' });
    await expect(send('{"input":')).rejects.toThrow();
    expect(lines).toEqual([expect.stringContaining('The scripted model failed')]);
    expect((await send('{}')).status).toBe(200);
  });

  test('the scripted model lets every user connect, and leaves no socket behind', async () => {
    expect(statSync(socketPath).mode & 0o777).toBe(0o666);
    await model.close();
    expect(existsSync(socketPath)).toBe(false);
    model = await startScriptedModel({ socketPath, script });
  });

  test('the scripted model can be served in a directory whose path is longer than that of a socket may be', async () => {
    const deep = mkdtempSync(join(dir, `${'d'.repeat(120)}-`));
    const served = await serveModelIn(deep, script);
    expect(existsSync(join(deep, 'model.sock'))).toBe(true);
    await served.close();
    expect(existsSync(join(deep, 'model.sock'))).toBe(false);
  });

  test('the scripted model is reached by a configuration of Codex that needs no login', () => {
    const text = scriptedModelConfig('/workspace/model.sock');
    const config = parseCodexConfig(Buffer.from(text), 'config.toml');
    expect(config).toMatchObject({ needsLogin: false, store: 'file', model: null });
    expect(text).not.toMatch(/openai\.com|chatgpt\.com/);
  });
});
