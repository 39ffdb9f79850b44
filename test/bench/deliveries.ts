/**
 * Deliveries stored and acknowledged a second, each body new, beside a bare Express with @octokit/webhooks that
 * stores nothing, in turns in one run; then the latency at 200 a second. Prints one JSON object.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rawDelivery } from '../support/github/signed-request.ts';
import { webhookExamples } from '../support/github/webhook-examples.ts';

const CONNECTIONS = 64;
const ROUNDS = 5;
const REQUESTS = 5000;

type Server = { url: string; stop(): void };

async function start(kind: string, file: string): Promise<Server> {
  const program = fileURLToPath(new URL('./deliveries-server.ts', import.meta.url));
  const child = spawn(process.execPath, [program, kind, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    child.stderr.resume();
    return { url: String(chunk).trim(), stop: () => child.kill() };
  }
  throw new Error(`The ${kind} server did not start.`);
}

const example = webhookExamples().find(({ event }) => event === 'issue_comment');
if (!example) throw new Error('There is no issue_comment example.');
const comment = example.payload.comment as Record<string, unknown>;
let made = 0;

function requests(count: number): Buffer[] {
  return Array.from({ length: count }, () => {
    made += 1;
    return rawDelivery(JSON.stringify({ ...example?.payload, comment: { ...comment, id: made } }));
  });
}

/** Sends everything over one connection, one after the other; `pace` says when each may leave. */
function drive(url: string, queue: Buffer[], times: number[], pace?: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let sentAt = 0;
    const next = async (): Promise<void> => {
      await pace?.();
      const request = queue.pop();
      if (!request) {
        socket.end();
        resolve();
        return;
      }
      sentAt = performance.now();
      socket.write(request);
    };
    socket.on('connect', next).on('error', reject);
    socket.on('data', (data) => {
      if (!data.toString('latin1', 0, 12).startsWith('HTTP/1.1 202')) reject(new Error(String(data)));
      times.push(performance.now() - sentAt);
      void next();
    });
  });
}

async function burst(url: string): Promise<number> {
  const queue = requests(REQUESTS);
  const times: number[] = [];
  const from = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, () => drive(url, queue, times)));
  return (times.length * 1000) / (performance.now() - from);
}

async function steady(url: string, perSecond: number, seconds: number): Promise<number[]> {
  const queue = requests(perSecond * seconds);
  const times: number[] = [];
  const from = performance.now();
  let slot = 0;
  const pace = async (): Promise<void> => {
    const at = from + (slot++ * 1000) / perSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())));
  };
  await Promise.all(Array.from({ length: 16 }, () => drive(url, queue, times, pace)));
  return times.sort((a, b) => a - b);
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
const directory = mkdtempSync(join(tmpdir(), 'deliveries-'));
const ours = await start('ours', join(directory, 'bench.db'));
const rival = await start('rival', '');
try {
  await burst(ours.url);
  await burst(rival.url);
  const rates: { ours: number[]; rival: number[] } = { ours: [], rival: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.ours.push(await burst(ours.url));
    rates.rival.push(await burst(rival.url));
  }
  const times = await steady(ours.url, 200, 10);
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? 0;
  const [mine, theirs] = [median(rates.ours), median(rates.rival)];
  console.log(
    JSON.stringify({
      ours: mine,
      rival: theirs,
      ratio: mine / theirs,
      p50: at(0.5),
      p99: at(0.99),
      max: at(0.9999),
      rates,
    }),
  );
} finally {
  ours.stop();
  rival.stop();
  rmSync(directory, { recursive: true });
}
