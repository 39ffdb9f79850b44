import { FlowError } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';
import { checkKnownHosts, checkSshKey } from './ssh.ts';

/** The names that switch SSH on. */
export const SSH_KEY = 'GIT_SSH_KEY';
/** The host keys that a run with an SSH key believes. */
export const SSH_KNOWN_HOSTS = 'GIT_SSH_KNOWN_HOSTS';

/** Larger values do not fit into an environment variable with room to spare. */
const MAX_VALUE_BYTES = 64 * 1024;

/**
 * Throws `secret_name_invalid` when `name` cannot be a secret's: it becomes a file, and part of a variable. The names of
 * `agents` are taken: their states lie beside it.
 */
export function checkSecretName(name: string, agents: readonly { name: string }[]): void {
  const isTaken = agents.some((agent) => agent.name === name);
  if (isTaken || !/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) throw nameInvalid(name, isTaken);
}

/** Throws `secret_value_invalid`, or for a key or host keys of SSH their own codes, when no run could use the value. */
export function checkSecretValue(name: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0) throw valueInvalid(name, 'is empty', 'Give its value.');
  if (bytes > MAX_VALUE_BYTES)
    throw valueInvalid(
      name,
      `has ${bytes} bytes, and ${MAX_VALUE_BYTES} are the limit`,
      'Keep large files in the secrets directory and mount them.',
    );
  if (value.includes('\0'))
    throw valueInvalid(name, 'holds a NUL byte, which no variable can', 'Encode it, for example as base64.');
  if (name === SSH_KEY) checkSshKey(value);
  if (name === SSH_KNOWN_HOSTS) checkKnownHosts(value);
}

/** The name that was probably meant, unless it is long enough to be a value. */
function nameLike(name: string): string {
  const like = name
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^[_\d]+|_+$/g, '')
    .toUpperCase();
  return like === '' || name.length > 40 ? '' : `; for example ${like}`;
}

function nameInvalid(name: string, isTaken: boolean): FlowError {
  const shown = quoted(name, 80);
  return new FlowError({
    code: 'secret_name_invalid',
    blame: 'operator',
    message: isTaken
      ? `A secret cannot be called ${shown}: in a run that is the place of an agent's state.`
      : `${shown} cannot be the name of a secret.`,
    hint: `Use letters, digits and underscores, no digit at the start, and 128 characters at the most${isTaken ? '' : nameLike(name)}.`,
  });
}

function valueInvalid(name: string, what: string, hint: string): FlowError {
  return new FlowError({
    code: 'secret_value_invalid',
    blame: 'operator',
    message: `The value for the secret ${name} ${what}.`,
    hint,
  });
}
