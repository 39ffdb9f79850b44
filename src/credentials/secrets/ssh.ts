import { createPrivateKey } from 'node:crypto';
import { FlowError, systemCode } from '../../base/errors.ts';

const ARMOUR = /^-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\n([\s\S]+?)\n-----END \1-----\n$/;
const OPENSSH_MAGIC = 'openssh-key-v1\0';

/** An SSH key as ssh reads it: line feeds alone (also where a variable held them as `\n`), no blanks around it, one line end at the end. */
export function normalSshKey(value: string): string {
  const text = value.includes('\n') ? value : value.replaceAll('\\n', '\n');
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trimEnd());
  return `${lines.join('\n').trim()}\n`;
}

/** Throws `ssh_key_invalid` when ssh could not use the key without a prompt. */
export function checkSshKey(value: string): void {
  const key = normalSshKey(value);
  const [, kind = '', body = ''] = ARMOUR.exec(key) ?? [];
  if (kind === '') throw notAKey(key);
  if (kind === 'OPENSSH PRIVATE KEY') {
    checkOpenSsh(body);
    return;
  }
  if (kind === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/m.test(body)) throw encrypted();
  try {
    createPrivateKey(key);
  } catch (error) {
    throw sshKeyInvalid(`it cannot be read (${systemCode(error) ?? 'no reason given'})`, NEW_KEY_HINT);
  }
}

const NEW_KEY_HINT =
  'Make a key for this alone: `ssh-keygen -t ed25519 -N "" -f key`, give `key.pub` to the host, and set `github-flows secret set GIT_SSH_KEY < key`.';

/** https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key: magic, then the cipher's name with its length. */
function checkOpenSsh(body: string): void {
  const bytes = Buffer.from(body, 'base64');
  const at = OPENSSH_MAGIC.length;
  const isWhole = bytes.length > 100 && bytes.subarray(0, at).toString('latin1') === OPENSSH_MAGIC;
  if (!isWhole) throw sshKeyInvalid('what is between its BEGIN and END lines is not a key', NEW_KEY_HINT);
  const length = bytes.readUInt32BE(at);
  if (bytes.subarray(at + 4, at + 4 + length).toString('latin1') !== 'none') throw encrypted();
}

function notAKey(key: string): FlowError {
  if (/^(ssh-|ecdsa-|sk-)\S+ AAAA/.test(key))
    return sshKeyInvalid(
      'it is the public key',
      'Set the private one: the file of the same name without `.pub`.',
    );
  if (key.startsWith('PuTTY-User-Key-File'))
    return sshKeyInvalid(
      "it is in PuTTY's format",
      'Convert it: `puttygen key.ppk -O private-openssh -o key`.',
    );
  return sshKeyInvalid('it has no whole pair of BEGIN and END PRIVATE KEY lines', NEW_KEY_HINT);
}

function encrypted(): FlowError {
  return sshKeyInvalid(
    'it is protected by a passphrase, and nobody is there to type it',
    'Use a key without one (`ssh-keygen -p -N "" -f key` takes it off a copy); the store encrypts it.',
  );
}

function sshKeyInvalid(what: string, hint: string): FlowError {
  return new FlowError({
    code: 'ssh_key_invalid',
    blame: 'operator',
    message: `The secret GIT_SSH_KEY is no key that ssh can use: ${what}.`,
    hint,
  });
}

/** `[@marker] hosts type key [comment]`: https://man.openbsd.org/sshd.8#SSH_KNOWN_HOSTS_FILE_FORMAT */
const LINE = /^(?:@(?:cert-authority|revoked)\s+)?\S+\s+([a-z0-9@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s.*)?$/;

const KNOWN_HOSTS_HINT =
  'Take it from a machine you trust: `ssh-keyscan github.com`, compared with https://docs.github.com/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints.';

/** Known hosts as ssh reads them: line feeds alone, one at the end. */
export function normalKnownHosts(value: string): string {
  return `${value.replaceAll(/\r\n?/g, '\n').trim()}\n`;
}

/** Throws `ssh_known_hosts_invalid` when a line is none, or there is no host at all. */
export function checkKnownHosts(value: string): void {
  const lines = normalKnownHosts(value)
    .split('\n')
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
  if (lines.length === 0) throw knownHostsInvalid('it names no host');
  for (const { text, number } of lines)
    if (!isHostLine(text)) throw knownHostsInvalid(`line ${number} is none`);
}

/** The first bytes of a key are its type. */
function isHostLine(text: string): boolean {
  const [, type = '', key = ''] = LINE.exec(text) ?? [];
  const bytes = Buffer.from(key, 'base64');
  if (type === '' || bytes.length < 4 + type.length) return false;
  return bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1') === type;
}

function knownHostsInvalid(what: string): FlowError {
  return new FlowError({
    code: 'ssh_known_hosts_invalid',
    blame: 'operator',
    message: `The secret GIT_SSH_KNOWN_HOSTS is not what ssh keeps of the hosts it knows: ${what}.`,
    hint: KNOWN_HOSTS_HINT,
  });
}
