import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A delivery to be sent: its id, the event's name, and the bytes that are signed. */
export type Outgoing = { id: string; event: string; body: Buffer };

const SAMPLES = join(import.meta.dirname, 'samples');

/** What stands in every sample file, in ids, addresses and times, for what is new in each delivery. */
const PLACEHOLDER = {
  id: '2100000001',
  commit: '0123456789abcdef0123456789abcdef01234567',
  time: '2026-01-01T00:00:00Z',
};

/** The first number that GitHub has not given to anything yet, and is not near to. */
const FIRST_ID = 1_000_000_000_000;

/** The events that there is a sample for. */
export function sampleEvents(): string[] {
  return readdirSync(SAMPLES)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .toSorted();
}

/** A sample that was never sent before: a new delivery id, and in the payload a new object of this moment. */
export function freshSample(event: string, nowMs: number): Outgoing {
  const text = readFileSync(join(SAMPLES, `${event}.json`), 'utf8')
    .replaceAll(PLACEHOLDER.id, String(FIRST_ID + randomInt(FIRST_ID)))
    .replaceAll(PLACEHOLDER.commit, randomBytes(20).toString('hex'))
    .replaceAll(PLACEHOLDER.time, `${new Date(nowMs).toISOString().slice(0, 19)}Z`);
  return { id: randomUUID(), event, body: Buffer.from(JSON.stringify(JSON.parse(text))) };
}

/** A sample as the server at this address would send it, which is the one that its service works with. */
export function sampleFrom(serverUrl: string, sample: Outgoing): Outgoing {
  if (!/^https?:/.test(serverUrl)) return sample;
  const server = `${serverUrl.replace(/\/+$/, '')}/`;
  return { ...sample, body: Buffer.from(sample.body.toString().replaceAll('https://github.com/', server)) };
}
