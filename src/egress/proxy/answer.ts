import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { EgressRefusal } from '../refusals.ts';

/** How long a refused connection stays open for its answer to be read. */
const LINGER_MS = 2000;

/** Headers of a refusal; `text` is its body. */
export function refusalHeaders(refusal: EgressRefusal, text: string): Record<string, string> {
  return {
    ...(refusal.status === 405 ? { Allow: 'CONNECT' } : {}),
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(text)),
    Connection: 'close',
  };
}

/** What the agent reads. */
export function refusalText({ message, reason }: EgressRefusal): string {
  return `${message} (${reason})\n`;
}

/** Answers a refused CONNECT on its bare connection and closes it. */
export function answerRefused(client: Duplex, refusal: EgressRefusal, clock: Clock): void {
  const text = refusalText(refusal);
  const lines = Object.entries(refusalHeaders(refusal, text)).map(([name, value]) => `${name}: ${value}\r\n`);
  client.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${text}`);
  client.resume();
  const timer = clock.after(LINGER_MS, () => client.destroy());
  client.once('close', () => timer.stop());
}
