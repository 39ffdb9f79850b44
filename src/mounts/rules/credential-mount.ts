import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import type { Agent } from '../../agents/agent.ts';
import { FlowError } from '../../base/errors.ts';
import { isInside } from '../../base/files.ts';
import { quoted } from '../../base/text.ts';
import type { BindArg } from '../mount.ts';
import { SECRETS_TARGET } from '../paths.ts';
import type { ResolvedPath } from './resolve.ts';

/** How a bind is delivered: as it is, as a copy of one file, or as a share of an agent's state. */
export type DeliveryMode = { kind: 'bind' } | { kind: 'credential' | 'agent-state'; name: string };

/** The names below the secrets directory that a source lies at, if it lies in one, and whose state it may be. */
type CredentialPlace = { inSecrets: readonly string[] | undefined; agents: readonly Agent[] };

const COPY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/**
 * Decides whether a bind is a credential, and checks its destination: a file goes directly below
 * /run/secrets, an agent's state to a directory with the name that the agent gives it. A bind is one if its source
 * lies in a secrets directory, if its destination has such a name, or if its
 * source holds an agent's login or has the name of an agent's directory; where nothing is there, names decide alone.
 * Throws `mount_credential_target`, `mount_credential_shape`.
 */
export function deliveryOf(bind: BindArg, resolved: ResolvedPath, place: CredentialPlace): DeliveryMode {
  const { inSecrets, agents } = place;
  const forSecrets = isInside(SECRETS_TARGET, bind.target);
  const targetAgent = agents.find(({ state }) => posix.basename(bind.target) === state.directory);
  const sourceAgent = agentOfSource(resolved, place);
  const login = agents.find(({ state }) => basenames(resolved).includes(state.login));
  if (inSecrets === undefined && !forSecrets && !targetAgent && !sourceAgent && !login)
    return { kind: 'bind' };
  if (login)
    throw shapeWrong(
      bind,
      `it is the login of ${login.name} itself, which no run may hold`,
      stateHint(login),
    );
  const agent = targetAgent ?? sourceAgent;
  return agent
    ? agentState(bind, resolved, agent, sourceAgent, inSecrets)
    : credentialFile(bind, resolved, agents);
}

/** The agent whose login a directory of the host holds, so that it may only be delivered as a share. */
export function loginHeld(directory: string, agents: readonly Agent[]): Agent | undefined {
  return agents.find(({ state }) => exists(posix.join(directory, state.login)));
}

function agentOfSource(resolved: ResolvedPath, { inSecrets, agents }: CredentialPlace): Agent | undefined {
  const named = agents.find(
    ({ name, state }) => inSecrets?.join('/') === name || basenames(resolved).includes(state.directory),
  );
  return named ?? loginHeld(resolved.real, agents);
}

function agentState(
  bind: BindArg,
  resolved: ResolvedPath,
  agent: Agent,
  sourceAgent: Agent | undefined,
  inSecrets: readonly string[] | undefined,
): DeliveryMode {
  if (posix.basename(bind.target) !== agent.state.directory)
    throw targetWrong(bind, `/home/user/${agent.state.directory}`);
  if (sourceAgent && sourceAgent !== agent) {
    throw shapeWrong(
      bind,
      `its source is the state of ${sourceAgent.name}, its destination one of ${agent.name}`,
      stateHint(agent),
    );
  }
  if (inSecrets?.join('/') === 'gh-token' || isFile(resolved)) {
    throw shapeWrong(bind, `the state of ${agent.name} is a directory, and this is a file`, stateHint(agent));
  }
  return { kind: 'agent-state', name: agent.name };
}

function credentialFile(bind: BindArg, resolved: ResolvedPath, agents: readonly Agent[]): DeliveryMode {
  const name = posix.basename(bind.target);
  if (posix.dirname(bind.target) !== SECRETS_TARGET) {
    throw targetWrong(bind, posix.join(SECRETS_TARGET, posix.basename(bind.source)));
  }
  if (!COPY_NAME.test(name) || agents.some((agent) => agent.name === name)) {
    const hint = `Choose a name of letters, digits, dots, hyphens and underscores; ${agents.map((agent) => agent.name).join(', ')} are taken.`;
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

/** A directory where the token belongs was left there by `docker run -v`: no error of the profile, so whatever reads the token reports it. */
function isTokenPlace(name: string, { source }: BindArg): boolean {
  return name === 'gh-token' || posix.basename(source) === 'gh-token';
}

function stateHint({ name, state }: Agent): string {
  return `Mount the whole directory: --mount type=bind,src=/home/user/.secrets/${name},dst=/home/user/${state.directory}`;
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
