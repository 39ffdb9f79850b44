import { dirname } from 'node:path';
import { unlessAborted } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { asFlowError, FlowError, systemCode } from '../../base/errors.ts';
import { makeDirectory, type Owner } from '../../base/files.ts';
import { codexLoginSpec, LOGIN_CONTAINER } from '../../containers/create/codex-spec.ts';
import type { Engine } from '../../containers/engine/docker.ts';
import { printOutput } from '../../containers/output/print-output.ts';
import { inspectCodexState } from '../../credentials/codex/state.ts';
import { holdCodexState, loginUnderWay } from './codex-hold.ts';
import { writableState } from './codex-refresh-container.ts';

/** What a login takes. */
export type CodexLogin = {
  engine: Engine;
  /** The agent's image. */
  image: string;
  /** Made, with the directory it is in, when it is not there. */
  stateDir: string;
  /** Who Codex runs as, and whose the state is. */
  owner: Owner;
  /** Called with what Codex says, as it says it: the address to open and the code to enter. */
  print: (text: string) => void;
  /** Resolves when the person wants it no more. */
  interrupted: Promise<void>;
  clock: Clock;
};

/** Faults of a state that a new login does not hint: nobody could write it, or nobody could share it afterwards. */
const IN_THE_WAY = [
  'codex_state_unreadable',
  'codex_state_readable_by_others',
  'codex_state_wrong_owner',
  'codex_config_broken',
  'codex_login_not_in_file',
];

/** How long a login waits for a refresh of the login that is there: longer than one can last. */
const WAIT_MS = 6 * 60_000;

/**
 * Logs in to Codex in a container that holds the state directory and nothing else, while nobody else may write it; the
 * container is gone afterwards, however it went. Throws `codex_login_failed`, `codex_login_interrupted`,
 * `codex_state_not_made`, `codex_state_of_another_user`, the codes of `holdCodexState`, the faults of a state that a
 * login does not hint, and the engine's codes.
 */
export async function codexLogin(login: CodexLogin): Promise<void> {
  const { engine, owner, image } = login;
  await engine.inspectImage(image);
  const stateDir = await readyState(login);
  await engine.ensureNetwork();
  const over = new AbortController();
  void login.interrupted.then(() => over.abort(loginInterrupted()));
  const hold = { engine, owner, stateDir, clock: login.clock, waitMs: WAIT_MS, signal: over.signal };
  const onWait = (fault: FlowError): void => login.print(`${fault.message} It is waited for.\n`);
  const exitCode = await holdCodexState({ ...hold, people: 'refuse', onWait }, async () => {
    const id = await createAlone(engine, codexLoginSpec({ image, stateDir, owner }));
    try {
      return await unlessAborted(runToEnd(login, id, over.signal), over.signal);
    } finally {
      over.abort();
      await engine.remove(id);
    }
  });
  if (exitCode !== 0) throw loginFailed(exitCode);
}

/** The real path of a state directory that Codex can write to as its owner. */
export async function readyState({
  stateDir,
  owner,
  clock,
}: Pick<CodexLogin, 'stateDir' | 'owner' | 'clock'>): Promise<string> {
  try {
    await makeDirectory(dirname(stateDir), { mode: 0o700 });
    await makeDirectory(stateDir, { mode: 0o700, owner });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw stateNotMade(stateDir, error);
  }
  const { problems } = await inspectCodexState(stateDir, clock.now());
  const problem = problems.find(({ code }) => IN_THE_WAY.includes(code));
  if (problem) throw new FlowError({ ...problem, blame: 'operator' });
  return await writableState(stateDir, owner);
}

/** A login that was killed may have left its container behind; one that still runs is somebody's. */
async function createAlone(engine: Engine, spec: ReturnType<typeof codexLoginSpec>): Promise<string> {
  try {
    return await engine.create(spec);
  } catch (error) {
    if (asFlowError(error).code !== 'container_exists') throw error;
    if (!(await engine.removeEnded(LOGIN_CONTAINER))) throw loginUnderWay();
    return await engine.create(spec);
  }
}

async function runToEnd({ engine, print }: CodexLogin, id: string, signal: AbortSignal): Promise<number> {
  await engine.start(id);
  await printOutput(engine, id, print, signal);
  await engine.wait(id, signal);
  return (await engine.inspect(id)).exitCode;
}

function loginFailed(exitCode: number): FlowError {
  return new FlowError({
    code: 'codex_login_failed',
    blame: 'operator',
    message: `Codex did not log in; it ended with exit code ${exitCode} and the words above.`,
    hint: 'Allow device login in the security settings of the ChatGPT account or workspace, see that auth.openai.com can be reached from a container, and try again.',
  });
}

function loginInterrupted(): FlowError {
  return new FlowError({
    code: 'codex_login_interrupted',
    blame: 'operator',
    message: 'The login was interrupted; its container is gone, and the state is as Codex left it.',
    hint: 'Begin again with `github-flows codex login`; the code that was shown is of no more use.',
  });
}

function stateNotMade(dir: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'codex_state_not_made',
    blame: 'operator',
    message: `The directory ${dir} for the Codex login could not be made (${systemCode(cause) ?? String(cause)}).`,
    hint: 'Make the directory above it writable for this user, or set SECRETS_DIR to one that is.',
    cause,
  });
}
