import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Run, RunState } from '../../../src/runs/run.ts';
import type { ApiRequest } from '../github/api.ts';
import { until } from '../service/service.ts';
import { inOrder, steady } from './placeholders.ts';
import { type Stage, setStage } from './resources.ts';
import { payloadOf, type Scenario, type ScenarioDelivery } from './scenario.ts';

/** Plays a scenario on a service and a GitHub of its own; gives all that is to be seen of it, in words that stay the same. */
export async function play(scenario: Scenario): Promise<unknown> {
  const stage = await setStage(scenario);
  try {
    const before = stage.service.repository.branches();
    const sent: Sent[] = [];
    for (const delivery of scenario.deliveries) {
      sent.push(await deliver(stage, delivery, sent));
      await goOn(stage, delivery.until ?? 'settled', sent);
    }
    await goOn(stage, 'settled', sent);
    return await tell(stage, sent, before);
  } finally {
    await stage.service.close();
    await stage.github.close();
  }
}

type Sent = { id: string; event: string; payload: Record<string, unknown>; status: unknown };

async function deliver(
  { service, commits }: Stage,
  delivery: ScenarioDelivery,
  sent: readonly Sent[],
): Promise<Sent> {
  const runs = await runsOf(service.app.runs);
  const known = (name: string): string | undefined =>
    commits.get(name) ?? (name.startsWith('<run ') ? runs[Number(name.slice(5, -1)) - 1]?.id : undefined);
  const earlier = sent[(delivery.again ?? 0) - 1];
  const { event, payload } = earlier ?? payloadOf(delivery, known);
  const { status, body, id } = await service.deliver(payload, { event, ...(earlier && { id: earlier.id }) });
  return { id, event, payload, status: `${status} ${body.status}` };
}

async function runsOf(runs: Stage['service']['app']['runs']): Promise<Run[]> {
  return (await runs.list(100)).toSorted((a, b) => a.id.localeCompare(b.id));
}

/** What GitHub does not take is tried again after 15 s; a machine may have much else to do. */
const PATIENCE_MS = 100_000;

/** Waits until the last delivery has gone as far as it should. */
async function goOn(stage: Stage, far: string, sent: readonly Sent[]): Promise<void> {
  const { deliveries, runs } = stage.service.app;
  if (far === 'sent') return;
  await until(
    `what was sent is ${far}`,
    async () => {
      const found = await Promise.all(sent.map(({ id }) => deliveries.find(id)));
      if (found.some((delivery) => !delivery?.decision)) return undefined;
      if (far === 'decided') return true;
      const runId = found.at(-1)?.decision?.runId;
      if (far === 'running') return (await hasBegun(stage, runId)) || undefined;
      const states = (await runs.list(100)).map(({ state }): RunState => state);
      return (states.every((state) => state === 'ended') && !isBusy(stage)) || undefined;
    },
    PATIENCE_MS,
  );
}

/** The agent has printed something. */
async function hasBegun({ service }: Stage, runId: string | null | undefined): Promise<boolean> {
  return typeof runId === 'string' && service.output(runId) !== '';
}

/** Whether something is still to be said or published. */
function isBusy({ service }: Stage): boolean {
  const database = new DatabaseSync(join(service.config.varDir, 'github-flows.db'), { readOnly: true });
  try {
    const waiting = ['reports', 'publications'].map(
      (table) => database.prepare(`SELECT count(*) AS n FROM ${table} WHERE state = 'waiting'`).get()?.n,
    );
    return waiting.some((count) => count !== 0);
  } finally {
    database.close();
  }
}

/** Lines of a timeline that say what people are told, or not told. */
const TOLD = /^(?:report|checkout|agent_config|published|publish_\w+|not_reported|secret_found)$/;

async function tell(stage: Stage, sent: readonly Sent[], before: Map<string, string>): Promise<unknown> {
  const { service, github, commits } = stage;
  const runs = await runsOf(service.app.runs);
  const seen = {
    deliveries: await Promise.all(
      sent.map(async ({ id, event, payload, status }) => {
        const delivery = await service.app.deliveries.find(id);
        return { event, action: payload.action, answer: status, decision: delivery?.decision };
      }),
    ),
    runs: await Promise.all(runs.map(async (run) => await tellRun(stage, run))),
    requests: inOrder(askedOnce(github.requests.filter((each) => !isForToken(each)))).map(tellRequest),
    ...tellTokens(github.requests.filter(isForToken)),
    ...tellBranches(stage, before),
  };
  return steady(seen, {
    runs: runs.map(({ id }) => id),
    deliveries: sent.map(({ id }) => id),
    commits: new Map([...commits].map(([name, sha]) => [sha, name])),
  });
}

function tellRequest({ method, path, query, body }: ApiRequest): Record<string, unknown> {
  const asked = query.size > 0 && { query: Object.fromEntries(query) };
  return { method, path, ...asked, ...(body !== undefined && { body }) };
}

/** How a thread stands and what an account is called by now is asked before a start and before a publication, and who may once more: left out here, for test/flow/recheck.test.ts has it. */
function askedOnce(requests: readonly ApiRequest[]): ApiRequest[] {
  const isThread = ({ method, path }: ApiRequest): boolean =>
    method === 'GET' && /\/issues\/\d+$|\/(?:issues|pulls)\/comments\/\d+$/.test(path);
  const hasThread = requests.some(isThread);
  let isAgain = false;
  return requests.filter((request) => {
    if (isThread(request)) isAgain = true;
    if (isThread(request) || /^\/user\/\d+$/.test(request.path)) return false;
    if (request.method !== 'GET' || !request.path.endsWith('/permission')) return true;
    const wasAgain = isAgain;
    isAgain = !hasThread;
    return !wasAgain;
  });
}

/** Which tokens an App was asked for; pieces of work that go on at once ask for theirs in no order, and each kind once. */
function tellTokens(requests: readonly ApiRequest[]): { tokens?: unknown[] } {
  const minted = requests.filter(({ method }) => method === 'POST').map(({ body }) => JSON.stringify(body));
  return minted.length === 0 ? {} : { tokens: minted.toSorted().map((body) => JSON.parse(body)) };
}

function isForToken({ path }: ApiRequest): boolean {
  return /\/installation$|\/access_tokens$/.test(path);
}

async function tellRun({ service }: Stage, run: Run): Promise<unknown> {
  const prompt = join(service.config.varDir, 'log/runs', run.id, String(run.attempt), 'prompt.md');
  const timeline = await service.app.runs.timeline(run.id);
  const { profile, actor, issueNumber, outcome, reason, attempt } = run;
  return {
    ...{ profile, actor, issueNumber, outcome, reason, attempt },
    prompt: existsSync(prompt) ? readFileSync(prompt, 'utf8') : null,
    printed: service.output(run.id),
    timeline: timeline.filter(({ kind }) => TOLD.test(kind)).map(({ kind, text }) => `${kind}: ${text}`),
  };
}

/** What was pushed: the subjects of the commits of each branch that is new or elsewhere, newest first. */
function tellBranches(stage: Stage, before: Map<string, string>): { pushed?: Record<string, string[]> } {
  const moved = [...stage.service.repository.branches()].filter(([name, sha]) => before.get(name) !== sha);
  const log = (name: string): string[] =>
    stage.service.repository.git('log', '--format=%s', name, '--').split('\n');
  return moved.length === 0 ? {} : { pushed: Object.fromEntries(moved.map(([name]) => [name, log(name)])) };
}
