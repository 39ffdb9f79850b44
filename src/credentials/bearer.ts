import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from '../base/secret.ts';

/** A run's own bearer for the runtime listener, and the hash that is kept of it. */
type Bearer = { value: Secret; hash: string };

const SHAPE = /^ghf_([0-9a-z]{1,64})_([A-Za-z0-9_-]{43})$/;

/** A bearer that only this run has: its id, so that it is found, and 256 random bits. */
export function makeBearer(runId: string): Bearer {
  const value = `ghf_${runId}_${randomBytes(32).toString('base64url')}`;
  return { value: new Secret(value), hash: hashOf(value) };
}

/** The id of the run in a bearer, unverified; undefined for what cannot be a bearer. */
export function runOfBearer(text: string): string | undefined {
  return SHAPE.exec(text)?.[1];
}

/** Whether `text` is the bearer of the hash, in constant time. */
export function isBearer(text: string, hash: string): boolean {
  const [given, kept] = [Buffer.from(hashOf(text)), Buffer.from(hash)];
  return given.length === kept.length && timingSafeEqual(given, kept);
}

function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
