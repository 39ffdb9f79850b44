import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asFlowError, FlowError, systemCode } from '../base/errors.ts';
import { makeDirectory, type Owner } from '../base/files.ts';
import type { Engine } from '../containers/docker.ts';
import { codexLoginSpec, LOGIN_CONTAINER } from '../containers/login-spec.ts';
import { printOutput } from '../containers/print-output.ts';
import { inspectCodexState } from '../credentials/codex-state.ts';

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
  nowMs: number;
};

/** Faults of a state that a new login does not mend: nobody could write it, or nobody could share it afterwards. */
const IN_THE_WAY = [
  'codex_state_unreadable',
  'codex_state_readable_by_others',
  'codex_state_wrong_owner',
  'codex_config_broken',
  'codex_login_not_in_file',
];

/**
 * Logs in to Codex in a container that holds the state directory and nothing else, one login at a time; the container
 * is gone afterwards, however it went. Throws `codex_login_failed`, `codex_login_interrupted`,
 * `codex_login_under_way`, `codex_state_not_made`, `codex_state_of_another_user`, the faults of a state that a login does not mend, and the
 * engine's codes.
 */
export async function codexLogin(login: CodexLogin): Promise<void> {
  const { engine, owner, image } = login;
  await engine.inspectImage(image);
  const stateDir = await readyState(login);
  await engine.ensureNetwork();
  const id = await createAlone(engine, codexLoginSpec({ image, stateDir, owner }));
  const over = new AbortController();
  try {
    const exitCode = await Promise.race([
      runToEnd(login, id, over.signal),
      login.interrupted.then(() => Promise.reject(loginInterrupted())),
    ]);
    if (exitCode !== 0) throw loginFailed(exitCode);
  } finally {
    over.abort();
    await engine.remove(id);
  }
}

/** The real path of a state directory that Codex can write to as its owner. */
async function readyState({ stateDir, owner, nowMs }: CodexLogin): Promise<string> {
  try {
    await makeDirectory(dirname(stateDir), { mode: 0o700 });
    await makeDirectory(stateDir, { mode: 0o700, owner });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw stateNotMade(stateDir, error);
  }
  const { problems } = await inspectCodexState(stateDir, nowMs);
  const problem = problems.find(({ code }) => IN_THE_WAY.includes(code));
  if (problem) throw new FlowError({ ...problem, blame: 'operator' });
  const real = await realpath(stateDir);
  const { uid } = await stat(real);
  if (uid !== owner.uid) throw stateOfAnother(stateDir, uid, owner);
  return real;
}

/** A login that was killed may have left its container behind; one that still runs is somebody's. */
async function createAlone(engine: Engine, spec: ReturnType<typeof codexLoginSpec>): Promise<string> {
  try {
    return await engine.create(spec);
  } catch (error) {
    if (asFlowError(error).code !== 'container_exists') throw error;
    const { running } = await engine.inspect(LOGIN_CONTAINER);
    if (running) throw loginUnderWay();
    await engine.remove(LOGIN_CONTAINER);
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
    mend: 'Allow device login in the security settings of the ChatGPT account or workspace, see that auth.openai.com can be reached from a container, and try again.',
  });
}

function loginInterrupted(): FlowError {
  return new FlowError({
    code: 'codex_login_interrupted',
    blame: 'operator',
    message: 'The login was interrupted; its container is gone, and the state is as Codex left it.',
    mend: 'Begin again with `github-flows codex login`; the code that was shown is of no more use.',
  });
}

function loginUnderWay(): FlowError {
  return new FlowError({
    code: 'codex_login_under_way',
    blame: 'operator',
    message: `Another login is under way: the container ${LOGIN_CONTAINER} runs.`,
    mend: `Finish that one; if nobody waits for it, remove it with \`docker rm -f ${LOGIN_CONTAINER}\` and try again.`,
  });
}

function stateNotMade(dir: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'codex_state_not_made',
    blame: 'operator',
    message: `The directory ${dir} for the Codex login could not be made (${systemCode(cause) ?? String(cause)}).`,
    mend: 'Make the directory above it writable for this user, or set SECRETS_DIR to one that is.',
    cause,
  });
}

function stateOfAnother(dir: string, uid: number, owner: Owner): FlowError {
  return new FlowError({
    code: 'codex_state_of_another_user',
    blame: 'operator',
    message: `The Codex state ${dir} belongs to the user ${uid}, but Codex runs as ${owner.uid}:${owner.gid} and could not write it.`,
    mend: `Run \`chown -R ${owner.uid}:${owner.gid} ${dir}\`, or set RUN_AS to its owner.`,
  });
}
