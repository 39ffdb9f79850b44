import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { FlowError, type Problem, systemCode } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { quoted } from '../../base/text.ts';
import { nearMiss } from '../../base/words.ts';
import type { Config } from '../../config/config.ts';
import { webhookSecretMissing } from '../../config/webhook-secret.ts';
import type { Io } from '../terminal/io.ts';
import { plain, printJson, problemText } from '../terminal/output.ts';
import { usage } from '../terminal/usage.ts';
import { type DeliveryAnswer, deliver } from './deliver.ts';
import { freshSample, type Outgoing, sampleEvents, sampleFrom } from './sample.ts';
import { readConfig } from './shared/stores.ts';

/** GitHub's own limit for a payload. */
const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** GitHub's names for events. */
const EVENT = /^[a-z_]{1,64}$/;

/** `send <event>`. */
export function addSendCommand(program: Command, io: Io): void {
  program
    .command('send <event>')
    .description('Sign a sample delivery and send it to the configured service.')
    .option('--file <payload>', 'send this payload unchanged instead of a sample')
    .option('--json', 'print the answer of the service as JSON')
    .action(async (event: string, options: { file?: string; json?: true }) => {
      const delivery = options.file === undefined ? sample(event) : ownDelivery(io, event, options.file);
      const config = readConfig(io);
      const [secret] = config.webhookSecrets;
      if (!secret) throw webhookSecretMissing();
      const sent = options.file === undefined ? sampleFrom(config.githubServerUrl, delivery) : delivery;
      const answer = await deliver(serviceUrl(config), sent, secret);
      if (options.json) printJson(io, answer.body);
      else printAnswer(io, answer);
      if (answer.status !== 202) io.fail(1);
    });
}

function sample(event: string): Outgoing {
  const events = sampleEvents();
  if (events.includes(event)) return freshSample(event, systemClock.now());
  const shown = quoted(event, 80);
  const near = nearMiss(event.slice(0, 80), events);
  throw usage(
    `There is no sample for the event ${shown}. Samples exist for ${events.join(', ')}.`,
    `${near === undefined ? '' : `Did you mean ${near}? If not: `}give your own payload with --file.`,
  );
}

function ownDelivery(io: Io, event: string, file: string): Outgoing {
  if (!EVENT.test(event))
    throw usage(
      `${quoted(event, 80)} cannot be the name of an event.`,
      'Write it as GitHub does, such as issue_comment.',
    );
  const body = readPayload(resolve(io.directory, file));
  if (!isJsonObject(body))
    throw usage(`${file} is not a JSON object.`, 'Give a file with a single payload as GitHub sends it.');
  return { id: randomUUID(), event, body };
}

function readPayload(file: string): Buffer {
  const hint = 'Give the path of a payload file.';
  try {
    const found = statSync(file);
    if (!found.isFile()) throw usage(`${file} is not a regular file.`, hint);
    if (found.size > MAX_BODY_BYTES) throw usage(`${file} is larger than the 25 MB that GitHub sends.`, hint);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof FlowError) throw error;
    const code = systemCode(error) ?? 'no reason given';
    throw usage(`${file} ${code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`}.`, hint);
  }
}

function isJsonObject(bytes: Buffer): boolean {
  try {
    return isObject(JSON.parse(bytes.toString()));
  } catch {
    return false;
  }
}

/** The service's address on its own machine. */
function serviceUrl({ host, port }: Config): string {
  if (port === 0)
    throw usage(
      'PORT is 0, so the service listens on a port that this command does not know.',
      'Set PORT to the port that `github-flows serve` printed.',
    );
  const local = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${isIPv6(local) ? `[${local}]` : local}:${port}`;
}

function printAnswer(io: Io, { status, body }: DeliveryAnswer): void {
  const { delivery, status: answer, error } = body as Record<string, unknown>;
  const id = plain(String(delivery));
  if (status !== 202) io.err(`${status}: ${problemText(refusalOf(error))}`);
  else if (answer === 'duplicate')
    io.out('202 duplicate: the service already has this delivery, so nothing starts.\n');
  else io.out(`202 accepted: delivery ${id}\nShow its decision: github-flows deliveries show ${id}\n`);
}

function refusalOf(error: unknown): Problem {
  const { code, message, hint } = (error ?? {}) as Partial<Problem>;
  return { code: code ?? 'no_code', message: message ?? 'no reason given', hint: hint ?? 'see its log' };
}
