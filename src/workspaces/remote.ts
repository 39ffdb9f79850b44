import { type Patience, patiently } from '../base/backoff.ts';
import { FlowError } from '../base/errors.ts';
import { diagnoseRemote } from './diagnose.ts';
import { serverUrlRefused } from './errors.ts';
import { checkPathComponent } from './layout.ts';

/** A repository as GitHub names it; `id` is its number, which survives renames. `tokenFile` holds the token it is fetched with, unless `appSecret` names the secret with the App that gives one. */
export type Repository = {
  id: number;
  owner: string;
  name: string;
  tokenFile?: string;
  appSecret?: { profile: string; name: string };
};

/** Where a repository is fetched from, with what git needs for it. */
export type Remote = {
  url: string;
  /** Runs one command of git with its environment, whose credential is made for this command and goes with it. */
  withEnv: <T>(command: (env: Record<string, string>) => Promise<T>) => Promise<T>;
  /** Settings of each command that talks to the server. */
  settings: readonly string[];
  /** Why the server does not give the repository, or undefined when it does. */
  diagnose: (signal: AbortSignal) => Promise<FlowError | undefined>;
  /** Whether the credential is so new that a refusal of it may pass. */
  young: Patience<Remote> | undefined;
};

/** What remotes are made from. */
type RemoteParts = {
  /** `https://`, `http://`, or for trying things out `file://`; without user, password, query or fragment. */
  serverUrl: string;
  /** A git environment that reaches the repository (a credential helper); never a token itself. */
  credentialEnv: (repository: Repository) => Promise<Record<string, string>>;
  /** Releases what `credentialEnv` gave, when its command has ended. */
  releaseCredential?: (env: Record<string, string>) => Promise<void>;
  /** Variables of the host that git needs to reach a server. */
  hostEnv: Readonly<Record<string, string>>;
  /** An existing directory that is no repository, for commands without one. */
  cwd: string;
  /** Seconds without a byte after which a transfer is given up. */
  stallSec: number;
  mask: (text: string) => string;
  /** Whether the credential of a repository is so new that the server may not know it everywhere yet. */
  young?: Patience<Repository>;
};

/** Which transports git may use for a server; a redirect may go from http to https, never elsewhere. */
const TRANSPORTS: Readonly<Record<string, string>> = {
  'https:': 'https',
  'http:': 'http:https',
  'file:': 'file',
};

/** Makes remotes of one server; throws `server_url_refused` at once, and `name_refused` for each bad repository. */
export function createRemotes(parts: RemoteParts): (repository: Repository) => Remote {
  const server = parseServerUrl(parts.serverUrl);
  const transport = { GIT_ALLOW_PROTOCOL: TRANSPORTS[server.protocol] ?? '' };
  const base = server.href.replace(/\/+$/, '');
  return (repository) => {
    checkPathComponent('owner', repository.owner);
    checkPathComponent('repository', repository.name);
    const url = `${base}/${repository.owner}/${repository.name}.git`;
    const withEnv: Remote['withEnv'] = async (command) => {
      const credential = await parts.credentialEnv(repository);
      const own = { ...transport, GIT_CEILING_DIRECTORIES: parts.cwd };
      try {
        return await command({ ...parts.hostEnv, ...credential, ...own });
      } finally {
        await parts.releaseCredential?.(credential);
      }
    };
    const settings = ['http.lowSpeedLimit=1', `http.lowSpeedTime=${parts.stallSec}`];
    const { cwd, mask, young } = parts;
    return {
      url,
      withEnv,
      settings,
      young: young && { clock: young.clock, isYoung: async () => await young.isYoung(repository) },
      diagnose: async (signal) =>
        await withEnv(async (env) => await diagnoseRemote(url, env, { cwd, settings, signal, mask })),
    };
  };
}

function parseServerUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !(url.protocol in TRANSPORTS))
    throw serverUrlRefused(url ? `${url.protocol}//…` : 'what is no URL');
  if (url.username || url.password || url.search || url.hash)
    throw serverUrlRefused(`${url.protocol}//${url.host}/…`);
  return url;
}

/** Does work with a remote, and again for some seconds while the server refuses a credential that is new. */
export async function whileYoung<T>(remote: Remote, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return await patiently(remote.young, { subject: remote, signal, isTooYoung }, work);
}

/** Whoever may read a public repository without a credential is refused the push alone. */
function isTooYoung(error: unknown): boolean {
  return error instanceof FlowError && ['repository_login_refused', 'push_forbidden'].includes(error.code);
}
