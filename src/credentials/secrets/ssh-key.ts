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

/** Throws `ssh_key_invalid` when ssh could not use the key without asking somebody. */
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
    throw sshKeyInvalid(`it cannot be read (${systemCode(error) ?? 'no reason given'})`, MEND_NEW);
  }
}

const MEND_NEW =
  'Make a key for this alone: `ssh-keygen -t ed25519 -N "" -f key`, give `key.pub` to the host, and set `github-flows secret set GIT_SSH_KEY < key`.';

/** https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key: magic, then the cipher's name with its length. */
function checkOpenSsh(body: string): void {
  const bytes = Buffer.from(body, 'base64');
  const at = OPENSSH_MAGIC.length;
  const isWhole = bytes.length > 100 && bytes.subarray(0, at).toString('latin1') === OPENSSH_MAGIC;
  if (!isWhole) throw sshKeyInvalid('what is between its BEGIN and END lines is not a key', MEND_NEW);
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
  return sshKeyInvalid('it has no whole pair of BEGIN and END PRIVATE KEY lines', MEND_NEW);
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
