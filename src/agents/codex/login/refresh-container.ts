import { realpath, stat } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { asFlowError, FlowError } from '../../../base/errors.ts';
import type { Owner } from '../../../base/files.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { printOutput } from '../../../containers/output/log-stream.ts';
import { refreshRefused } from '../state/refused.ts';
import { codexRefreshSpec } from './containers.ts';

/** Where and as whom a login is refreshed. */
type RefreshContainer = {
  engine: Engine;
  image: string;
  owner: Owner;
  installation: string;
  /** The real path of the state. */
  stateDir: string;
  /** Only ends the waiting: the container goes on, and the next caller waits for it. */
  signal: AbortSignal;
};

/** More than Codex prints; later output is ignored. */
const MAX_OUTPUT = 64 * 1024;

/**
 * Runs the short container that refreshes the login, and gives what Codex printed. The caller holds
 * the state and judges by it what came of it. A container that still runs when this throws is left to run.
 */
export async function runRefreshContainer(refresh: RefreshContainer): Promise<string> {
  const { engine, signal } = refresh;
  await engine.ensureNetwork();
  const id = await engine.create(codexRefreshSpec(refresh, refresh.installation));
  try {
    await engine.start(id);
    await engine.wait(id, signal);
    return await outputOf(engine, id, signal);
  } finally {
    await engine.removeEnded(id);
  }
}

async function outputOf(engine: Engine, id: string, signal: AbortSignal): Promise<string> {
  let output = '';
  const add = (text: string): void => {
    if (output.length < MAX_OUTPUT) output += text;
  };
  await printOutput(engine, id, add, signal);
  return output;
}

/** The real path of a state that Codex may write as `owner`. Throws `codex_state_of_another_user`. */
export async function writableState(dir: string, owner: Owner): Promise<string> {
  const real = await realpath(dir);
  const { uid } = await stat(real);
  if (uid !== owner.uid) throw stateOfAnother(dir, uid, owner);
  return real;
}

/** Why the login in `dir` was not renewed, by what Codex printed. */
export function refreshError(dir: string, output: string): FlowError {
  const text = stripVTControlCharacters(output);
  if (/access token could not be refreshed/i.test(text)) return refreshRefused(dir);
  if (/error sending request|timed out|\b(429|5\d\d) [A-Z]/.test(text)) return refreshUnreachable(dir);
  return refreshFailed(dir);
}

/** Whether a later try may well succeed. */
export function isPassing(error: unknown): boolean {
  return asFlowError(error).code === 'codex_refresh_unreachable';
}

function refreshUnreachable(dir: string): FlowError {
  return new FlowError({
    code: 'codex_refresh_unreachable',
    blame: 'operator',
    message: `OpenAI’s login server could not be reached, or could not answer, so the Codex login in ${dir} was not renewed; it is as good as before.`,
    hint: 'See that auth.openai.com can be reached from a container on the network github-flows, and start the run again; the next run tries anew by itself.',
  });
}

function refreshFailed(dir: string): FlowError {
  return new FlowError({
    code: 'codex_refresh_failed',
    blame: 'operator',
    message: `Codex did not renew the login in ${dir}, and did not say that the login server had refused.`,
    hint: 'Read what Codex printed in the service’s log, see that the disk has room and that CODEX_IMAGE names an image with Codex, and start the run again.',
  });
}

function stateOfAnother(dir: string, uid: number, owner: Owner): FlowError {
  return new FlowError({
    code: 'codex_state_of_another_user',
    blame: 'operator',
    message: `The Codex state ${dir} belongs to the user ${uid}, but Codex runs as ${owner.uid}:${owner.gid} and could not write it.`,
    hint: `Run \`chown -R ${owner.uid}:${owner.gid} ${dir}\`, or set RUN_AS to its owner.`,
  });
}
