import { FlowError, type Problem } from '../base/errors.ts';
import { counted } from '../base/words.ts';

/** Fewer bytes than this can be guessed. */
const MIN_BYTES = 16;

/** Secrets of documentation and examples, which are publicly known. */
const SAMPLES = [
  'change-me',
  'changeme',
  'replace-me',
  'your-webhook-secret',
  'webhook-secret',
  "it's a secret to everybody",
  'development',
  'mysecret',
  'secret',
];

/** What is wrong with a webhook secret, or undefined. The answer never has the secret itself. */
export function checkWebhookSecret(option: string, text: string): Problem | undefined {
  const hint = `Make one and set it here and at GitHub: echo "${option}=$(openssl rand -hex 32)" >> .env`;
  if (Buffer.byteLength(text) < MIN_BYTES)
    return {
      code: 'webhook_secret_weak',
      message: `${option} has ${counted(Buffer.byteLength(text), 'byte')}; under ${MIN_BYTES} it can be guessed.`,
      hint,
    };
  const plain = text.toLowerCase().replaceAll(/[^a-z]/g, '');
  const isSample = SAMPLES.some((sample) => plain.replaceAll(sample.replaceAll(/[^a-z]/g, ''), '') === '');
  if (isSample || new Set(text).size < 5)
    return { code: 'webhook_secret_weak', message: `${option} is a sample that everybody knows.`, hint };
  return undefined;
}

/** Without a secret no delivery could be trusted, so `serve` does not start. */
export function webhookSecretMissing(): FlowError {
  return new FlowError({
    code: 'webhook_secret_missing',
    blame: 'operator',
    message:
      'WEBHOOK_SECRET is not set and no stored App has a webhook secret, so no delivery could be trusted.',
    hint: 'Make one and set it here and at GitHub: echo "WEBHOOK_SECRET=$(openssl rand -hex 32)" >> .env',
  });
}
