import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A delivery to be sent: its id, the event's name, and the bytes that are signed. */
export type Outgoing = { id: string; event: string; body: Buffer };

const SAMPLES = join(import.meta.dirname, 'samples');

/** Placeholders of every sample file for the ids, addresses and times of a delivery. */
const PLACEHOLDER = {
  id: '2100000001',
  commit: '0123456789abcdef0123456789abcdef01234567',
  time: '2026-01-01T00:00:00Z',
};

/** A number far above all numbers of GitHub. */
const FIRST_ID = 1_000_000_000_000;

/** The events with a sample. */
export function sampleEvents(): string[] {
  return readdirSync(SAMPLES)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .toSorted();
}

/** A new sample: a new delivery id, and a new object with the current time in the payload. */
export function freshSample(event: string, nowMs: number): Outgoing {
  const text = readFileSync(join(SAMPLES, `${event}.json`), 'utf8')
    .replaceAll(PLACEHOLDER.id, String(FIRST_ID + randomInt(FIRST_ID)))
    .replaceAll(PLACEHOLDER.commit, randomBytes(20).toString('hex'))
    .replaceAll(PLACEHOLDER.time, `${new Date(nowMs).toISOString().slice(0, 19)}Z`);
  return { id: randomUUID(), event, body: Buffer.from(JSON.stringify(JSON.parse(text))) };
}

/** A sample as the server at this address sends it. */
export function sampleFrom(serverUrl: string, sample: Outgoing): Outgoing {
  if (!/^https?:/.test(serverUrl)) return sample;
  const server = `${serverUrl.replace(/\/+$/, '')}/`;
  return { ...sample, body: Buffer.from(sample.body.toString().replaceAll('https://github.com/', server)) };
}
