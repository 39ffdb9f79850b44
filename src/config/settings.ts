import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { FlowError, type Issue, systemCode } from '../base/errors.ts';
import { quoted } from '../base/text.ts';
import { nearest, nearMiss } from '../base/words.ts';
import { OPTIONS } from './options.ts';

/** Names with their texts: the process's environment over one file. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** Where settings were found: the one file that was read, if any, and the directory that relative paths start at. */
export type SettingsOrigin = { file: string | undefined; directory: string };

/** This checkout. */
const CHECKOUT = resolve(import.meta.dirname, '../..');

/** Where a packaged service has its settings. */
const OF_THE_HOST = '/etc/github-flows/env';

/**
 * The file of settings, the first of: `GITHUB_FLOWS_CONFIG`, `.env` in `directory`, `.env` of the checkout,
 * `/etc/github-flows/env`. So a command finds the service's settings wherever it is started.
 */
export function findSettings(
  directory: string,
  named: string | undefined,
  places: { checkout: string; host: string } = { checkout: CHECKOUT, host: OF_THE_HOST },
): SettingsOrigin {
  if (named) {
    const file = resolve(directory, named);
    return { file, directory: dirname(file) };
  }
  const here = resolve(directory, '.env');
  if (existsSync(here)) return { file: here, directory };
  const ours = resolve(places.checkout, '.env');
  if (existsSync(ours)) return { file: ours, directory: places.checkout };
  if (existsSync(places.host)) return { file: places.host, directory: places.checkout };
  return { file: undefined, directory };
}

/** The environment over the file that was found; throws `env_file_unreadable`, also when a file that was named is not there. */
export function readSettings({ file }: SettingsOrigin): Settings {
  return { ...(file === undefined ? {} : parseEnv(readEnvFile(file))), ...process.env };
}

/** The text of a file of settings. Throws `env_file_unreadable`. */
function readEnvFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    const code = systemCode(error) ?? 'no reason given';
    const isAbsent = code === 'ENOENT';
    throw new FlowError({
      code: 'env_file_unreadable',
      blame: 'operator',
      message: isAbsent
        ? `GITHUB_FLOWS_CONFIG names ${file}, and there is no such file.`
        : `${file} is there but ${code === 'EISDIR' ? 'is a directory, no file of settings' : `cannot be read (${code})`}.`,
      hint:
        isAbsent || code === 'EISDIR'
          ? 'Name a file with settings in GITHUB_FLOWS_CONFIG, or unset it to have .env read.'
          : `Make it a file that the service's user may read: chmod 600 ${file}; chown "$(id -un)" ${file}.`,
      cause: error,
    });
  }
}

/** Other valid names in a file of settings: those that git, Node.js and docker-compose.yml read. */
const OTHERS = [
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'HOME', 'PATH', 'TZ'],
  ...['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO'],
  ...['GITHUB_FLOWS_USER', 'DOCKER_GID', 'WORKER_RUNS', 'POSTGRES_PASSWORD'],
  ...['GITHUB_FLOWS_CONFIG', 'GITHUB_FLOWS_CRASH_AT', 'GITHUB_FLOWS_LEASE_MS'],
];

/** What of a file of settings sets nothing that anybody reads; a value is never repeated. Throws `env_file_unreadable`. */
export function envFileIssues(file: string): Issue[] {
  const text = readEnvFile(file);
  const lines = text.split(/\r?\n/);
  const numberOf = (name: string): number =>
    lines.findIndex((line) => line.replace(/^\s*(?:export\s+)?/, '').startsWith(name.trim())) + 1;
  return [
    ...linesOf(lines).flatMap(({ text: line, number }) => {
      if (line.includes('\r')) return [lineJoined(file, number)];
      return /^[^=]+=/.test(line)
        ? []
        : [lineUnreadable(file, number, /^(?:export\s+)?[\w.-]+/.exec(line)?.[0])];
    }),
    ...Object.keys(parseEnv(text))
      .filter((name) => !isKnown(name))
      .map((name) => optionUnknown(file, numberOf(name), name)),
  ];
}

function isKnown(name: string): boolean {
  if (/^(GITHUB_FLOWS_SECRET_|COMPOSE_)/.test(name)) return true;
  return OTHERS.includes(name) || OPTIONS.some((option) => option.name === name);
}

/** Lines that are neither empty, nor comments, nor inside of a quoted value; as for Node.js, a quote that nothing closes opens none. */
function linesOf(lines: readonly string[]): { text: string; number: number }[] {
  let quote: string | undefined;
  return lines.flatMap((line, index) => {
    if (quote !== undefined) {
      if (line.includes(quote)) quote = undefined;
      return [];
    }
    const [, mark = '', rest = ''] = /^[^#=]*=\s*(["'`])(.*)$/.exec(line) ?? [];
    const isOpen = mark !== '' && !rest.includes(mark);
    if (isOpen && lines.slice(index + 1).some((next) => next.includes(mark))) quote = mark;
    const bare = line.trim();
    return bare === '' || bare.startsWith('#') ? [] : [{ text: bare, number: index + 1 }];
  });
}

/** What nobody sees in a name is why it is none. */
function shown(name: string): string {
  return /^[\w.-]*$/.test(name) ? name.slice(0, 80) : quoted(name, 80);
}

function lineJoined(file: string, line: number): Issue {
  return {
    code: 'option_line_unreadable',
    file,
    message: `Line ${line} has a carriage return inside, so two lines are read as one.`,
    hint: 'End each line with a line feed.',
  };
}

function optionUnknown(file: string, line: number, name: string): Issue {
  const names = OPTIONS.map((option) => option.name);
  const near = nearMiss(name, names) ?? nearest(name, names);
  return {
    code: 'option_unknown',
    file,
    message: `Line ${line} sets ${shown(name)}, which is no option, so it does nothing; the nearest is ${near}.`,
    hint: 'Correct the name or remove the line. docs/configuration.md lists every option.',
  };
}

function lineUnreadable(file: string, line: number, word: string | undefined): Issue {
  const begins = word === undefined ? '' : ` It begins with ${word.slice(0, 80)}.`;
  return {
    code: 'option_line_unreadable',
    file,
    message: `Line ${line} is no NAME=value, so it does nothing.${begins}`,
    hint: 'Write NAME=value, with a # before a comment.',
  };
}
