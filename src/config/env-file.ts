import type { Fault } from '../base/errors.ts';
import { nearest, nearMiss } from '../base/words.ts';
import { OPTIONS } from './options.ts';
import { readEnvFile } from './settings.ts';

/** What else stands in a file of settings for good: what git, Node.js and docker-compose.yml read. */
const OTHERS = [
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'HOME', 'PATH', 'TZ'],
  ...['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO'],
  ...['GITHUB_FLOWS_USER', 'DOCKER_GID', 'WORKER_RUNS', 'POSTGRES_PASSWORD'],
  ...['GITHUB_FLOWS_CONFIG', 'GITHUB_FLOWS_CRASH_AT', 'GITHUB_FLOWS_LEASE_MS'],
];

/** Lines of a file of settings that set nothing which anybody reads; a value is never repeated. Throws `env_file_unreadable`. */
export function envFileFaults(file: string): Fault[] {
  return linesOf(readEnvFile(file)).flatMap(({ text, number }) => {
    const name = /^(?:export\s+)?([\w.-]+)\s*=/.exec(text)?.[1];
    if (name === undefined) return [lineUnreadable(file, number, /^(?:export\s+)?[\w.-]+/.exec(text)?.[0])];
    return isKnown(name) ? [] : [optionUnknown(file, number, name)];
  });
}

function isKnown(name: string): boolean {
  if (/^(GITHUB_FLOWS_SECRET_|COMPOSE_)/.test(name)) return true;
  return OTHERS.includes(name) || OPTIONS.some((option) => option.name === name);
}

/** Lines that are neither empty, nor comments, nor inside of a quoted value. */
function linesOf(text: string): { text: string; number: number }[] {
  let quote: string | undefined;
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (quote !== undefined) {
      if (line.includes(quote)) quote = undefined;
      return [];
    }
    const [, mark = '', rest = ''] = /^[^#=]*=\s*(["'`])(.*)$/.exec(line) ?? [];
    if (mark !== '' && !rest.includes(mark)) quote = mark;
    const bare = line.trim();
    return bare === '' || bare.startsWith('#') ? [] : [{ text: bare, number: index + 1 }];
  });
}

function optionUnknown(file: string, line: number, name: string): Fault {
  const names = OPTIONS.map((option) => option.name);
  const near = nearMiss(name, names) ?? nearest(name, names);
  return {
    code: 'option_unknown',
    file,
    message: `Line ${line} sets ${name.slice(0, 80)}, which is no option, so it does nothing; the nearest is ${near}.`,
    hint: 'Correct the name or remove the line. docs/configuration.md lists every option.',
  };
}

function lineUnreadable(file: string, line: number, word: string | undefined): Fault {
  const begins = word === undefined ? '' : ` It begins with ${word.slice(0, 80)}.`;
  return {
    code: 'option_line_unreadable',
    file,
    message: `Line ${line} is no NAME=value, so it does nothing.${begins}`,
    hint: 'Write NAME=value, with a # before a comment.',
  };
}
