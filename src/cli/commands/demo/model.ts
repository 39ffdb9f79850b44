import { existsSync, readdirSync } from 'node:fs';
import { chmod, open, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';

/** A request to the model: the user's prompt, and the output of each command so far. */
type ModelTurn = { prompt: string; outputs: readonly string[] };

/** An answer of the model: a shell command to run in the repository, or the final message. */
type ModelAnswer = { run: string } | { say: string };

/** A model that follows a script; called once a turn, and again for a turn that Codex repeats. */
export type ModelScript = (turn: ModelTurn) => ModelAnswer;

/** One request; `turn` only if it was for a model. */
type ModelRequest = { path: string; authorization: string | undefined; turn: ModelTurn | undefined };

/** The running server with all requests so far; its end removes the socket. */
export type ScriptedModel = { requests: readonly ModelRequest[]; close(): Promise<void> };

type Item = { type?: string; role?: string; content?: Text[]; output?: string | Text[] };
type Text = { text?: string };
type Body = { input?: Item[]; tools?: { name?: string }[] };

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * Serves a scripted model on a unix socket that everyone may connect to, in the part of OpenAI's Responses API that
 * Codex uses: https://platform.openai.com/docs/api-reference/responses-streaming. A socket left behind at the path is
 * replaced. Paths end at 107 bytes (`man 7 unix`).
 */
export async function startScriptedModel(options: {
  socketPath: string;
  script: ModelScript;
  log?: (line: string) => void;
}): Promise<ScriptedModel> {
  const { socketPath, script, log = () => {} } = options;
  const requests: ModelRequest[] = [];
  const server = createServer((request, response) => {
    answer(request, response, script, requests, log).catch((error: unknown) => {
      log(`The scripted model failed: ${error instanceof Error ? error.message : String(error)}`);
      response.destroy();
    });
  });
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  await chmod(socketPath, 0o666);
  return {
    requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The socket's name in the workspace of a run. */
export const MODEL_SOCKET = 'model.sock';

/** Serves a scripted model as `model.sock` in `dir`, also for a path that is too long for the kernel. */
export async function serveModelIn(
  dir: string,
  script: ModelScript,
  log?: (line: string) => void,
): Promise<ScriptedModel> {
  const directory = await open(dir, 'r');
  const socketPath = `/proc/self/fd/${directory.fd}/${MODEL_SOCKET}`;
  const model = await startScriptedModel({ socketPath, script, ...(log ? { log } : {}) });
  return {
    requests: model.requests,
    async close() {
      await model.close();
      await directory.close();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  script: ModelScript,
  requests: ModelRequest[],
  log: (line: string) => void,
): Promise<void> {
  const path = request.url ?? '';
  const body = await readBody(request);
  const asked = request.method === 'POST' && path.endsWith('/responses');
  const turn = asked ? readTurn(body) : undefined;
  requests.push({ path, authorization: request.headers.authorization, turn });
  if (!turn) {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    return;
  }
  const next = script(turn);
  log('run' in next ? `The scripted model calls: ${next.run}` : 'The scripted model gives its answer.');
  const item = 'run' in next ? call(next.run, turn.outputs.length, body) : message(next.say);
  stream(response, item, requests.length);
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`a request has more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return bytes === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Body);
}

// Messages of Codex (environment, AGENTS.md) come first: the prompt is the last message of the user.
function readTurn({ input = [] }: Body): ModelTurn {
  const prompt = input.findLast((item) => item.type === 'message' && item.role === 'user');
  const outputs = input.filter((item) => item.type?.endsWith('_call_output'));
  return {
    prompt: prompt?.content?.map((part) => part.text ?? '').join('\n') ?? '',
    outputs: outputs.map(({ output = '' }) =>
      typeof output === 'string' ? output : (output.at(-1)?.text ?? ''),
    ),
  };
}

// Codex offers newer models one tool that runs JavaScript, and older ones the shell itself.
function call(command: string, turn: number, { tools = [] }: Body): object {
  const wanted = JSON.stringify({ cmd: command, yield_time_ms: 30_000 });
  const call_id = `call_${turn}`;
  if (tools.some((tool) => tool.name === 'exec_command')) {
    return { type: 'function_call', call_id, name: 'exec_command', arguments: wanted };
  }
  const input = `const { output } = await tools.exec_command(${wanted}); text(output);`;
  return { type: 'custom_tool_call', call_id, name: 'exec', input };
}

function message(text: string): object {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
}

function stream(response: ServerResponse, item: object, number: number): void {
  const id = `resp_${number}`;
  const usage = {
    input_tokens: 1000,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 100,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 1100,
  };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of [
    { type: 'response.created', response: { id } },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { id, usage } },
  ]) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

/** How soon a workspace is noticed, in milliseconds; a clone takes longer. */
const LOOK_MS = 10;

/**
 * Serves a scripted model in the workspace of each run as it appears; `dir` is `WORKSPACE_ROOT/<owner>/<name>`. A socket
 * elsewhere would have to be mounted, and none of the host ever is.
 */
export function serveModelInRuns(
  dir: string,
  script: ModelScript,
  clock: Clock,
): { requests: () => ModelRequest[]; close(): Promise<void> } {
  const seen = new Map<string, Promise<ScriptedModel | undefined>>();
  const running: ScriptedModel[] = [];
  const serve = async (workspace: string): Promise<ScriptedModel | undefined> => {
    // A removed workspace has no agent.
    const model = await serveModelIn(workspace, script).catch(() => undefined);
    if (model) running.push(model);
    return model;
  };
  const look = clock.every(LOOK_MS, () => {
    for (const run of existsSync(dir) ? readdirSync(dir) : []) {
      if (!seen.has(run)) seen.set(run, serve(join(dir, run)));
    }
  });
  return {
    requests: () => running.flatMap((model) => model.requests),
    async close() {
      look.stop();
      await Promise.all([...seen.values()].map(async (model) => await (await model)?.close()));
    },
  };
}
