import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { quoted } from '../../base/text.ts';
import type { BindArg } from '../mount.ts';
import { SECRETS_TARGET } from '../target.ts';
import type { ResolvedPath } from './resolve.ts';

/** How a bind is delivered: as it is, as a copy of one file, or as a share of an agent's state. */
export type DeliveryMode = { kind: 'bind' } | { kind: 'credential' | 'agent-state'; name: string };

/** The agents whose state may be mounted: the name of the copy, the directory's base name, the file with the login. */
const AGENTS = [
  { name: 'codex', directory: '.codex', login: 'auth.json' },
  { name: 'claude', directory: '.claude', login: '.credentials.json' },
  { name: 'gemini', directory: '.gemini', login: 'oauth_creds.json' },
] as const;

type Agent = (typeof AGENTS)[number];

const COPY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/**
 * Says whether a bind is a credential (DESIGN §7) and holds its destination to that: a file goes directly below
 * /run/secrets, an agent's state to a directory named `.codex`, `.claude` or `.gemini`. A bind is one if its source
 * lies in a secrets directory (`inSecrets` are the names below it), if its destination is one of these, or if its
 * source holds an agent's login or has the name of an agent's directory; where nothing is there, names decide alone.
 * Throws `mount_credential_target`, `mount_credential_shape`.
 */
export function deliveryOf(
  bind: BindArg,
  resolved: ResolvedPath,
  inSecrets: readonly string[] | undefined,
): DeliveryMode {
  const forSecrets = isInside(SECRETS_TARGET, bind.target);
  const targetAgent = AGENTS.find(({ directory }) => posix.basename(bind.target) === directory);
  const sourceAgent = agentOfSource(resolved, inSecrets);
  const login = AGENTS.find((agent) => basenames(resolved).includes(agent.login));
  if (inSecrets === undefined && !forSecrets && !targetAgent && !sourceAgent && !login)
    return { kind: 'bind' };
  if (login)
    throw shapeWrong(
      bind,
      `it is the login of ${login.name} itself, which no run may hold`,
      stateMend(login),
    );
  const agent = targetAgent ?? sourceAgent;
  return agent ? agentState(bind, resolved, agent, sourceAgent, inSecrets) : credentialFile(bind, resolved);
}

/** Whether a directory of the host holds an agent's login, so that it may only be delivered as a share. */
export function holdsLogin(directory: string): boolean {
  return AGENTS.some(({ login }) => exists(posix.join(directory, login)));
}

function agentOfSource(resolved: ResolvedPath, inSecrets: readonly string[] | undefined): Agent | undefined {
  const named = AGENTS.find(
    ({ name, directory }) => inSecrets?.join('/') === name || basenames(resolved).includes(directory),
  );
  return named ?? AGENTS.find(({ login }) => exists(posix.join(resolved.real, login)));
}

function agentState(
  bind: BindArg,
  resolved: ResolvedPath,
  agent: Agent,
  sourceAgent: Agent | undefined,
  inSecrets: readonly string[] | undefined,
): DeliveryMode {
  if (posix.basename(bind.target) !== agent.directory)
    throw targetWrong(bind, `/home/user/${agent.directory}`);
  if (sourceAgent && sourceAgent !== agent) {
    throw shapeWrong(
      bind,
      `its source is the state of ${sourceAgent.name}, its destination one of ${agent.name}`,
      stateMend(agent),
    );
  }
  if (inSecrets?.join('/') === 'gh-token' || isFile(resolved)) {
    throw shapeWrong(bind, `the state of ${agent.name} is a directory, and this is a file`, stateMend(agent));
  }
  return { kind: 'agent-state', name: agent.name };
}

function credentialFile(bind: BindArg, resolved: ResolvedPath): DeliveryMode {
  const name = posix.basename(bind.target);
  if (posix.dirname(bind.target) !== SECRETS_TARGET) {
    throw targetWrong(bind, posix.join(SECRETS_TARGET, posix.basename(bind.source)));
  }
  if (!COPY_NAME.test(name) || AGENTS.some((agent) => agent.name === name)) {
    const hint = `Choose a name of letters, digits, dots, hyphens and underscores; ${AGENTS.map((agent) => agent.name).join(', ')} are taken.`;
    throw shapeWrong(bind, `its copy cannot be named ${quoted(name)}`, hint);
  }
  if (resolved.stats?.isDirectory() && !isTokenPlace(name, bind)) {
    throw shapeWrong(
      bind,
      'it is a directory, and only single files go below /run/secrets',
      'Mount the file itself.',
    );
  }
  return { kind: 'credential', name };
}

/** A directory where the token belongs was left there by `docker run -v`: no fault of the profile, so whatever reads the token reports it. */
function isTokenPlace(name: string, { source }: BindArg): boolean {
  return name === 'gh-token' || posix.basename(source) === 'gh-token';
}

function stateMend({ name, directory }: Agent): string {
  return `Mount the whole directory: --mount type=bind,src=/home/user/.secrets/${name},dst=/home/user/${directory}`;
}

function basenames({ spellings }: ResolvedPath): string[] {
  return spellings.map((spelling) => posix.basename(spelling));
}

function isFile({ stats }: ResolvedPath): boolean {
  return stats?.isDirectory() === false;
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function targetWrong(bind: BindArg, path: string): FlowError {
  return new FlowError({
    code: 'mount_credential_target',
    blame: 'profile',
    message: `${quoted(bind.source)} is a credential, and ${quoted(bind.target)} is no place for one.`,
    hint: `Mount it at ${path}; there it is a private copy that is renewed while the run lasts.`,
  });
}

function shapeWrong(bind: BindArg, why: string, hint: string): FlowError {
  return new FlowError({
    code: 'mount_credential_shape',
    blame: 'profile',
    message: `${quoted(bind.source)} cannot be delivered as a credential to ${quoted(bind.target)}: ${why}.`,
    hint,
  });
}
