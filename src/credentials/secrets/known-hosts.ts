import { FlowError } from '../../base/errors.ts';

/** `[@marker] hosts type key [comment]`: https://man.openbsd.org/sshd.8#SSH_KNOWN_HOSTS_FILE_FORMAT */
const LINE = /^(?:@(?:cert-authority|revoked)\s+)?\S+\s+([a-z0-9@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s.*)?$/;

const HINT =
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

/** The key says its own type in its first bytes. */
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
    hint: HINT,
  });
}
