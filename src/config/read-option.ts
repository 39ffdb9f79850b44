import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { parseBytes } from '../base/bytes.ts';
import type { Problem } from '../base/errors.ts';
import type { Owner } from '../base/files.ts';
import { imageNameIssue } from '../base/image-name.ts';
import { Secret } from '../base/secret.ts';
import { quoted } from '../base/text.ts';
import { tenantOf } from '../github/tenant.ts';
import type { Option, OptionType, OptionValues } from './option.ts';
import { checkWebhookSecret } from './webhook-secret.ts';

type Reading<Value> = { value: Value } | Problem;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
const PLACES = ['profile', 'global', 'environment'] as const;

/** The value of one option, or what is wrong with its text; paths are taken from `directory`, `~` is the home. */
export function readOption<Type extends OptionType>(
  option: Option<Type>,
  text: string,
  directory: string,
): Reading<OptionValues[Type]> {
  // A passphrase may begin or end with blanks.
  return READERS[option.type](option, option.type === 'passphrase' ? text : text.trim(), directory);
}

type Reader<Value> = (option: Option, text: string, directory: string) => Reading<Value>;

const READERS: { [Type in OptionType]: Reader<OptionValues[Type]> } = {
  text: (_option, text) => ({ value: text }),
  image(option, text) {
    const issue = imageNameIssue(text);
    return issue === undefined
      ? { value: text }
      : wrong(option, text, `the name of an image; this one ${issue}`);
  },
  port: (option, text) => integer(option, text, 0, 65_535),
  count: (option, text) => integer(option, text, 1, 10_000_000),
  amount: (option, text) => integer(option, text, 0, 10_000_000),
  number: (option, text) =>
    /^\d+(\.\d+)?$/.test(text) && Number(text) > 0 && Number(text) <= 1_000_000
      ? { value: Number(text) }
      : wrong(option, text, 'a number above 0'),
  bytes(option, text) {
    const bytes = parseBytes(text);
    return bytes === undefined || bytes < 1024 * 1024
      ? wrong(option, text, 'a size of at least 1m, such as 512m or 4g')
      : { value: bytes };
  },
  url: (option, text) => readUrl(option, text, ['https', 'http', 'file']),
  web: (option, text) => readUrl(option, text, ['https', 'http']),
  path: (option, text, directory) =>
    text.includes('\0') ? wrong(option, text, 'a path') : { value: absolute(text, directory) },
  paths: (_option, text, directory) => ({
    value: text
      .split(':')
      .filter(Boolean)
      .map((path) => absolute(path, directory)),
  }),
  owner: (option, text) => readOwner(option, text),
  network: (option, text) => (text === 'open' || text === 'none' ? { value: text } : readHosts(option, text)),
  level(option, text) {
    const level = LEVELS.find((known) => known === text);
    return level ? { value: level } : wrong(option, text, `one of ${LEVELS.join(', ')}`);
  },
  passphrase: (_option, text) => ({ value: new Secret(text) }),
  order: (option, text) => readOrder(option, text),
  'host-keys': (option, text) =>
    text === 'pinned' || text === 'accept-new'
      ? { value: text }
      : wrong(option, text, '`pinned` or `accept-new`'),
  database: (option, text) => readDatabaseUrl(option, text),
  switch: (option, text) =>
    text === 'on' || text === 'off' ? { value: text === 'on' } : wrong(option, text, '`on` or `off`'),
  secret: (option, text) => checkWebhookSecret(option.name, text) ?? { value: new Secret(text) },
};

function readUrl(option: Option, text: string, schemes: readonly string[]): Reading<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !schemes.includes(url.protocol.slice(0, -1)))
    return wrong(option, text, `an ${schemes.join(', ').replace(/, (\w+)$/, ' or $1')} address`);
  if (url.username || url.password)
    return wrong(option, url.origin, 'an address without user name and password');
  const tenant = tenantOf(text);
  const own = option.name === 'GITHUB_API_URL' ? tenant?.apiUrl : tenant?.serverUrl;
  const isGitHub = /^GITHUB_(API|SERVER)_URL$/.test(option.name);
  if (isGitHub && own !== undefined && text.replace(/\/+$/, '').toLowerCase() !== own)
    return wrong(option, text, `${own} for this tenant`);
  return { value: text.replace(/\/+$/, '') };
}

/** Whether each host can be reached is checked at the start, where the policy is known. */
function readHosts(option: Option, text: string): Reading<OptionValues['network']> {
  const hosts = text.split(',').map((host) => host.trim());
  if (hosts.every((host) => /^@|\./.test(host))) return { value: { allow: hosts } };
  return wrong(option, text, '`open`, `none`, or hosts separated by commas');
}

function readOrder(option: Option, text: string): Reading<OptionValues['order']> {
  const names = text.split(',').map((name) => name.trim());
  const places = names.flatMap((name) => PLACES.find((known) => known === name) ?? []);
  if (places.length === names.length && new Set(places).size === places.length) return { value: places };
  return wrong(option, text, '`profile`, `global` and `environment`, each once at the most, with commas');
}

/** The text may hold a password, so no error repeats it. */
function readDatabaseUrl(option: Option, text: string): Reading<Secret> {
  if (/^postgres(?:ql)?:\/\/\S+$/.test(text)) return { value: new Secret(text) };
  return {
    code: 'option_invalid',
    message: `${option.name} should be the address of a PostgreSQL database; it is not repeated here, as it may hold a password.`,
    hint: `Write ${option.name}=postgres://user:password@host:5432/database, or remove it to store everything in VAR_DIR.`,
  };
}

function readOwner(option: Option, text: string): Reading<Owner> {
  const [, uid, gid] = /^(\d{1,9}):(\d{1,9})$/.exec(text) ?? [];
  if (uid === undefined || gid === undefined) return wrong(option, text, 'two numbers, such as 1000:1000');
  const owner: Owner = { uid: Number(uid), gid: Number(gid) };
  if (owner.uid === 0 || owner.gid === 0)
    return wrong(option, text, 'a user and a group that are not root’s (0)');
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (own.uid !== 0 && (owner.uid !== own.uid || owner.gid !== own.gid))
    return wrong(
      option,
      text,
      `${own.uid}:${own.gid}, for a service that is not root can only use its own user`,
    );
  return { value: owner };
}

function absolute(path: string, directory: string): string {
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return resolve(directory, path);
}

function integer(option: Option, text: string, low: number, high: number): Reading<number> {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= low && value <= high
    ? { value }
    : wrong(option, text, `a whole number from ${low} to ${high}`);
}

function wrong(option: Option, text: string, wanted: string): Problem {
  return {
    code: 'option_invalid',
    message: `${option.name} is ${quoted(text, 80)}, and should be ${wanted}.`,
    hint:
      option.default === null
        ? `Correct ${option.name} or remove it.`
        : `Correct ${option.name}, or remove it for the default, ${option.default || 'nothing'}.`,
  };
}
