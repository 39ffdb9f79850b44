import { RUN_LIMITS } from '../base/run-limits.ts';
import { ADMISSION_OPTIONS } from './admission-options.ts';
import { MAINTENANCE_OPTIONS } from './maintenance-options.ts';
import type { Option, OptionValues } from './option.ts';
import { REPOSITORY_OPTIONS } from './repository-options.ts';

/** Every option there is, in the order of docs/configuration.md. */
export const OPTIONS = [
  { name: 'HOST', type: 'text', default: '127.0.0.1', sentence: 'Address that receives webhooks.' },
  { name: 'PORT', type: 'port', default: '3000', sentence: 'Port that receives webhooks.' },
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
      'Address of the runtime listener, which gives fresh GitHub tokens to processes of a run outside its container.',
  },
  {
    name: 'RUNTIME_PORT',
    type: 'port',
    default: null,
    sentence: 'Port of the runtime listener, which is off by default.',
  },
  {
    name: 'RUNTIME_URL',
    type: 'web',
    default: null,
    sentence:
      'Public address of the runtime listener, such as `https://runtime.example.org`; runs have it as `GITHUB_FLOWS_RUNTIME_URL`. Default: the listener’s own address.',
  },
  {
    name: 'PUBLIC_URL',
    type: 'web',
    default: null,
    sentence:
      'Public address of the service, such as `https://flows.example.org`. Comments link to pages of runs below it, and the admin listener accepts its name.',
  },
  {
    name: 'WEBHOOK_SECRET',
    type: 'secret',
    default: null,
    sentence:
      'The secret of the webhook on GitHub, at least 16 bytes. `serve` needs it, unless a stored App has one.',
  },
  {
    name: 'WEBHOOK_SECRET_PREVIOUS',
    type: 'secret',
    default: null,
    sentence: 'The previous secret, still accepted while you change it on GitHub.',
  },
  { name: 'PROFILES_DIR', type: 'path', default: './profiles', sentence: 'Directory of the profiles.' },
  {
    name: 'VAR_DIR',
    type: 'path',
    default: './var',
    sentence: 'Directory of the service’s data: database, logs, mirrors and workspaces.',
  },
  {
    name: 'DATABASE_URL',
    type: 'database',
    default: null,
    sentence:
      'Address of PostgreSQL, for more than one machine: `postgres://user:password@host:5432/database`. Default: the SQLite file `VAR_DIR/github-flows.db` (docs/operations.md).',
  },
  {
    name: 'WORKSPACE_ROOT',
    type: 'path',
    default: null,
    sentence: 'Directory of the workspaces. Default: `work` inside `VAR_DIR`.',
  },
  {
    name: 'SECRETS_DIR',
    type: 'path',
    default: '~/.secrets',
    sentence: 'Directory of `gh-token`, `codex` and the service’s own secrets.',
  },
  {
    name: 'GITHUB_FLOWS_PASSPHRASE',
    type: 'passphrase',
    default: null,
    sentence:
      'Passphrase of the secret stores. Default: the key file, or a prompt on a terminal (docs/setup/secrets.md).',
  },
  {
    name: 'GITHUB_FLOWS_KEY_FILE',
    type: 'path',
    default: null,
    sentence:
      'File with the passphrase of the secret stores, readable only for the service’s user. Default: `service/key` inside `SECRETS_DIR`.',
  },
  {
    name: 'SECRETS_ORDER',
    type: 'order',
    default: 'profile,global,environment',
    sentence:
      'Places of a named secret in their order: the profile’s store, the global store, and `GITHUB_FLOWS_SECRET_<NAME>`. Places that are not listed are not used.',
  },
  {
    name: 'SSH_HOST_KEYS',
    type: 'host-keys',
    default: 'pinned',
    sentence:
      '`pinned`: runs with an SSH key only reach hosts in their `GIT_SSH_KNOWN_HOSTS`. `accept-new`: they also trust the first key of another host.',
  },
  {
    name: 'RUN_DIR',
    type: 'path',
    default: null,
    sentence:
      'Directory for credentials of active runs. Default: `/run/github-flows` if it is a writable tmpfs, else `github-flows-UID` in `/dev/shm`, else `run` inside `VAR_DIR`.',
  },
  {
    name: 'POLICY_FILE',
    type: 'path',
    default: null,
    sentence:
      'The admin’s policy, outside `PROFILES_DIR`: what profiles may have beyond the defaults, and their ceilings (docs/policy.md).',
  },
  {
    name: 'DOCKER_HOST',
    type: 'text',
    default: 'unix:///var/run/docker.sock',
    sentence: 'Address of the Docker Engine.',
  },
  {
    name: 'GITHUB_API_URL',
    type: 'url',
    default: 'https://api.github.com',
    sentence:
      'GitHub’s REST API. It follows from an `https` `GITHUB_SERVER_URL`: `https://<host>/api/v3` of a GitHub Enterprise Server, `https://api.<tenant>.ghe.com` of a tenant.',
  },
  {
    name: 'GITHUB_SERVER_URL',
    type: 'url',
    default: 'https://github.com',
    sentence:
      'Server of the repositories: `<url>/<owner>/<name>.git`; for a tenant `https://<tenant>.ghe.com`. It follows from an `https` `GITHUB_API_URL`. `file://` works for tests.',
  },
  {
    name: 'APPS_FILE',
    type: 'path',
    default: null,
    sentence:
      'JSON file with GitHub Apps in addition to the store, read at the start and readable only for the service’s user (docs/setup/github-app.md).',
  },
  {
    name: 'APP_TOKEN_MINUTES',
    type: 'count',
    default: '50',
    sentence:
      'Minutes for which a token of a GitHub App is reused. It is never used in its last five minutes; GitHub’s tokens live for an hour.',
  },
  {
    name: 'MAX_CONCURRENT_RUNS',
    type: 'amount',
    default: '2',
    sentence: 'Concurrent runs of one service or worker; 0 leaves all runs to others (docs/operations.md).',
  },
  {
    name: 'MAX_RUNS_PER_REPOSITORY',
    type: 'count',
    default: null,
    sentence: 'Concurrent runs of one repository over all workers. Default: no limit (docs/operations.md).',
  },
  {
    name: 'MAX_RUNS_PER_ACTOR',
    type: 'count',
    default: null,
    sentence: 'Concurrent runs of one account over all workers. Default: no limit.',
  },
  {
    name: 'RUN_AS',
    type: 'owner',
    default: null,
    sentence:
      '`uid:gid` of agents. Default: the service’s own if it is not root, else the owner of the secrets directory, or 1000:1000 if that is root.',
  },
  {
    name: 'CODEX_IMAGE',
    type: 'image',
    default: 'github-flows-agent-codex:latest',
    sentence:
      'Image for work on the Codex login: `codex login`, `codex run`, and the renewal. Profiles name the images of their runs.',
  },
  {
    name: 'NETWORK_DEFAULT',
    type: 'network',
    default: 'open',
    sentence:
      '`open`, `none`, or hosts separated by commas (`@codex,@github,example.org`), for profiles without `runtime.network`.',
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
    sentence: 'Directory of the application on the host, if the service sees another path.',
  },
  {
    name: 'LOG_LEVEL',
    type: 'level',
    default: 'info',
    sentence: 'Log level: `trace`, `debug`, `info`, `warn`, `error` or `fatal`.',
  },
  ...RUN_LIMITS.map(({ option }) => option),
  ...REPOSITORY_OPTIONS,
  {
    name: 'DRAIN_SEC',
    type: 'amount',
    default: '0',
    sentence:
      'Seconds that a stopping service or worker waits for active runs. The rest continue in their containers, and the next start resumes them.',
  },
  {
    name: 'KEEP_FAILED_HOURS',
    type: 'number',
    default: '24',
    sentence: 'Hours for which the workspace of a failed run is kept.',
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
