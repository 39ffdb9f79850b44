import { RUN_LIMITS } from '../base/run-limits.ts';
import { ADMISSION_OPTIONS } from './admission-options.ts';
import { MAINTENANCE_OPTIONS } from './maintenance-options.ts';
import type { Option, OptionValues } from './option.ts';
import { REPOSITORY_OPTIONS } from './repository-options.ts';

/** Every option there is, in the order of docs/configuration.md. */
export const OPTIONS = [
  { name: 'HOST', type: 'text', default: '127.0.0.1', sentence: 'Address on which webhooks are received.' },
  { name: 'PORT', type: 'port', default: '3000', sentence: 'Port on which webhooks are received.' },
  {
    name: 'ADMIN_HOST',
    type: 'text',
    default: '127.0.0.1',
    sentence: 'Address of the admin listener: health, readiness and the API (docs/operations.md).',
  },
  { name: 'ADMIN_PORT', type: 'port', default: '3001', sentence: 'Port of the admin listener.' },
  {
    name: 'RUNTIME_HOST',
    type: 'text',
    default: '127.0.0.1',
    sentence:
      'Address of the runtime listener, which gives fresh GitHub tokens to processes of a run that are elsewhere.',
  },
  {
    name: 'RUNTIME_PORT',
    type: 'port',
    default: null,
    sentence: 'Port of the runtime listener; it is off unless this is set.',
  },
  {
    name: 'RUNTIME_URL',
    type: 'web',
    default: null,
    sentence:
      'Where processes elsewhere reach the runtime listener, such as `https://runtime.example.org`; runs have it as `GITHUB_FLOWS_RUNTIME_URL`. Unset: the listener’s own address.',
  },
  {
    name: 'PUBLIC_URL',
    type: 'web',
    default: null,
    sentence:
      'Where people and GitHub reach the service, such as `https://flows.example.org`; comments link to the pages of runs below it, and its name is accepted by the admin listener.',
  },
  {
    name: 'WEBHOOK_SECRET',
    type: 'secret',
    default: null,
    sentence:
      'The secret you gave GitHub for the webhook, at least 16 bytes; `serve` never starts without it, unless a stored App has one.',
  },
  {
    name: 'WEBHOOK_SECRET_PREVIOUS',
    type: 'secret',
    default: null,
    sentence: 'The secret before the last change, still accepted while you change it at GitHub.',
  },
  { name: 'PROFILES_DIR', type: 'path', default: './profiles', sentence: 'Where profiles are read from.' },
  {
    name: 'VAR_DIR',
    type: 'path',
    default: './var',
    sentence: 'What the service keeps: its database, logs, mirrors and workspaces.',
  },
  {
    name: 'DATABASE_URL',
    type: 'database',
    default: null,
    sentence:
      'Where PostgreSQL is, for more than one machine: `postgres://user:password@host:5432/database`. Unset, everything is stored in the SQLite file `VAR_DIR/github-flows.db` (docs/operations.md).',
  },
  {
    name: 'WORKSPACE_ROOT',
    type: 'path',
    default: null,
    sentence: 'Where workspaces are made; `work` inside `VAR_DIR` unless set.',
  },
  {
    name: 'SECRETS_DIR',
    type: 'path',
    default: '~/.secrets',
    sentence: 'The directory that holds `gh-token`, `codex` and the service’s own secrets.',
  },
  {
    name: 'GITHUB_FLOWS_PASSPHRASE',
    type: 'passphrase',
    default: null,
    sentence:
      'The passphrase of the secret stores; unset, it is taken from the key file, or asked for on a terminal (docs/setup/secrets.md).',
  },
  {
    name: 'GITHUB_FLOWS_KEY_FILE',
    type: 'path',
    default: null,
    sentence:
      'The file that holds the passphrase of the secret stores, readable for the service’s user alone; `service/key` inside `SECRETS_DIR` unless set.',
  },
  {
    name: 'SECRETS_ORDER',
    type: 'order',
    default: 'profile,global,environment',
    sentence:
      'Where a named secret is looked for, and in which order: the profile’s own store, the global one, and `GITHUB_FLOWS_SECRET_<NAME>`. A place that is left out is not looked at.',
  },
  {
    name: 'SSH_HOST_KEYS',
    type: 'host-keys',
    default: 'pinned',
    sentence:
      '`pinned`: runs with an SSH key reach only hosts that their `GIT_SSH_KNOWN_HOSTS` names. `accept-new`: the key that another host shows first is believed too.',
  },
  {
    name: 'RUN_DIR',
    type: 'path',
    default: null,
    sentence:
      'Where the credentials of living runs lie; `/run/github-flows` where that is a writable tmpfs, else `github-flows-UID` in `/dev/shm`, else `run` inside `VAR_DIR`.',
  },
  {
    name: 'POLICY_FILE',
    type: 'path',
    default: null,
    sentence:
      'The admin’s policy, outside `PROFILES_DIR`: what profiles may have beyond the defaults, and the ceilings above which none goes (docs/policy.md).',
  },
  {
    name: 'DOCKER_HOST',
    type: 'text',
    default: 'unix:///var/run/docker.sock',
    sentence: 'Where the Docker Engine listens.',
  },
  {
    name: 'GITHUB_API_URL',
    type: 'url',
    default: 'https://api.github.com',
    sentence:
      'GitHub’s REST API; for GitHub Enterprise Server `https://<host>/api/v3`. For a tenant it is told from GITHUB_SERVER_URL: `https://api.<tenant>.ghe.com`.',
  },
  {
    name: 'GITHUB_SERVER_URL',
    type: 'url',
    default: 'https://github.com',
    sentence:
      'Where repositories are cloned from: `<url>/<owner>/<name>.git`; for a tenant `https://<tenant>.ghe.com`. `file://` works for trying things out.',
  },
  {
    name: 'APPS_FILE',
    type: 'path',
    default: null,
    sentence:
      'A JSON file of GitHub Apps, read at the start, beside those in the store; readable for the service’s user alone (docs/setup/github-app.md).',
  },
  {
    name: 'APP_TOKEN_MINUTES',
    type: 'count',
    default: '50',
    sentence:
      'Minutes for which a token that a GitHub App minted is used again; never to within five minutes of its end, which GitHub sets an hour after it was made.',
  },
  {
    name: 'MAX_CONCURRENT_RUNS',
    type: 'amount',
    default: '2',
    sentence:
      'How many runs one service or worker works on at once; 0 leaves the work to others (docs/operations.md).',
  },
  {
    name: 'MAX_RUNS_PER_REPOSITORY',
    type: 'count',
    default: null,
    sentence:
      'How many runs of one repository are worked on at once, counted over all workers; no limit unless set (docs/operations.md).',
  },
  {
    name: 'MAX_RUNS_PER_ACTOR',
    type: 'count',
    default: null,
    sentence:
      'How many runs that one account started are worked on at once, counted over all workers; no limit unless set.',
  },
  {
    name: 'RUN_AS',
    type: 'owner',
    default: null,
    sentence:
      '`uid:gid` that agents run as. Unset: your own when the service is not root, else the owner of the secrets directory, or 1000:1000 if that is root.',
  },
  {
    name: 'CODEX_IMAGE',
    type: 'image',
    default: 'github-flows-agent-codex:latest',
    sentence:
      'The image in whose containers the Codex login itself is worked on: `codex login`, `codex run`, and the service’s own renewal. Profiles name the image of their runs themselves.',
  },
  {
    name: 'NETWORK_DEFAULT',
    type: 'network',
    default: 'open',
    sentence:
      '`open`, `none`, or hosts separated by commas (`@codex,@github,example.org`), for profiles that say nothing about the network.',
  },
  {
    name: 'HOST_HOMES',
    type: 'paths',
    default: '',
    sentence: 'Further home directories that the deny-list protects, separated by colons.',
  },
  {
    name: 'HOST_APP_DIR',
    type: 'path',
    default: null,
    sentence: 'The application’s directory on the host, where it differs from the one the service sees.',
  },
  {
    name: 'LOG_LEVEL',
    type: 'level',
    default: 'info',
    sentence: 'How much is logged: `trace`, `debug`, `info`, `warn`, `error` or `fatal`.',
  },
  ...RUN_LIMITS.map(({ option }) => option),
  ...REPOSITORY_OPTIONS,
  {
    name: 'DRAIN_SEC',
    type: 'amount',
    default: '0',
    sentence:
      'Seconds that a stopping service or worker waits for living runs; those that live on go on in their containers, and its next start takes them up.',
  },
  {
    name: 'KEEP_FAILED_HOURS',
    type: 'number',
    default: '24',
    sentence: 'Hours for which the workspace of a run that failed is kept.',
  },
  ...MAINTENANCE_OPTIONS,
  ...ADMISSION_OPTIONS,
] as const satisfies readonly Option[];

type Row = (typeof OPTIONS)[number];

/** The name of an option. */
export type OptionName = Row['name'];

/** The value of every option; undefined where nothing is set and there is no default. */
export type Options = {
  readonly [Each in Row as Each['name']]:
    | OptionValues[Each['type']]
    | (Each['default'] extends null | '' ? undefined : never);
};
