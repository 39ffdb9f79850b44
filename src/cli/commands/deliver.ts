import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { FlowError, systemCode } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { formatDuration } from '../../base/text.ts';
import type { Outgoing } from './sample.ts';

/** The service's answer to a delivery. */
export type DeliveryAnswer = { status: number; body: unknown };

/** GitHub drops the connection after this long: https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks */
const TIMEOUT_MS = 10_000;

/** The value of X-Hub-Signature-256 for these bytes. */
export function signatureOf(body: Uint8Array, secret: Secret): string {
  return `sha256=${createHmac('sha256', secret.reveal()).update(body).digest('hex')}`;
}

/** Sends a delivery to the service at `url` as GitHub does, past every proxy. Throws `service_not_reached`, `service_answer_unreadable`. */
export async function deliver(url: string, delivery: Outgoing, secret: Secret): Promise<DeliveryAnswer> {
  const { status, text } = await post(`${url}/webhooks/github`, delivery.body, {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/github-flows',
    'x-github-delivery': delivery.id,
    'x-github-event': delivery.event,
    'x-github-hook-id': '1',
    'x-hub-signature-256': signatureOf(delivery.body, secret),
  }).catch((error: unknown) => {
    throw notReached(url, error);
  });
  try {
    return { status, body: JSON.parse(text) };
  } catch (error) {
    throw answerUnreadable(url, status, error);
  }
}

/** Not the global agent, which may use a proxy of the environment. */
function post(
  url: string,
  body: Uint8Array,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const options = { method: 'POST', agent, signal, headers: { ...headers, 'content-length': body.length } };
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
    });
    sent.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    sent.end(body);
  });
}

function notReached(url: string, cause: unknown): FlowError {
  const late = cause instanceof Error && cause.name === 'TimeoutError';
  const why = late ? `no answer within ${formatDuration(TIMEOUT_MS)}` : (systemCode(cause) ?? String(cause));
  return new FlowError({
    code: 'service_not_reached',
    blame: 'operator',
    message: `No service answers at ${url} (${why}).`,
    hint: 'Start it with `github-flows serve`, or set HOST and PORT to where it listens.',
    cause,
  });
}

function answerUnreadable(url: string, status: number, cause: unknown): FlowError {
  return new FlowError({
    code: 'service_answer_unreadable',
    blame: 'operator',
    message: `What listens at ${url} answered with status ${status} and without JSON, so it is not github-flows.`,
    hint: 'Set HOST and PORT to where the service listens.',
    cause,
  });
}
