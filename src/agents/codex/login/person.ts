import { dirname } from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import { unlessAborted } from '../../../base/cancel.ts';
import type { Clock } from '../../../base/clock.ts';
import { asFlowError, FlowError, systemCode } from '../../../base/errors.ts';
import { makeDirectory, type Owner } from '../../../base/files.ts';
import type { Engine } from '../../../containers/engine/docker.ts';
import { inspectCodexState } from '../state/state.ts';
import type { CodexContainer } from './containers.ts';
import { holdCodexState } from './hold.ts';
import { writableState } from './refresh-container.ts';

/** A person who wants to use a Codex state. */
export type CodexPerson = {
  engine: Engine;
  /** The agent's image. */
  image: string;
  /** Made, with the directory it is in, when it is not there. */
  stateDir: string;
  /** Who Codex runs as, and whose the state is. */
  owner: Owner;
  /** Called with what a login says as it says it, and with what has to be waited for. */
  print: (text: string) => void;
  /** Resolves when the person wants it no more. */
  interrupted: Promise<void>;
  clock: Clock;
};

/** The one container of its kind, and the faults of a person who is too late for it or leaves it. */
type PersonContainer = {
  spec: (place: CodexContainer) => ContainerCreateOptions;
  name: string;
  underWay: () => FlowError;
  interrupted: () => FlowError;
};

/** Faults of a state that no login removes: nobody could write it, or nobody could share it afterwards. */
const IN_THE_WAY = [
  'codex_state_unreadable',
  'codex_state_readable_by_others',
  'codex_state_wrong_owner',
  'codex_config_broken',
  'codex_login_not_in_file',
];

/** How long a person waits for a refresh that is under way: longer than one can last. */
const WAIT_MS = 6 * 60_000;

/**
 * Creates a container that holds the state directory, writable, and nothing else, and gives it to `work` while nobody
 * else may write the state; it is gone afterwards, however it went. Throws the person's faults, `codex_state_not_made`,
 * `codex_state_of_another_user`, the codes of `holdCodexState`, the faults of a state that is in the way, and the
 * engine's codes.
 */
export async function withCodexContainer<T>(
  person: CodexPerson,
  container: PersonContainer,
  work: (id: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { engine, owner, image, clock } = person;
  await engine.inspectImage(image);
  const stateDir = await readyState(person);
  await engine.ensureNetwork();
  const over = new AbortController();
  void person.interrupted.then(() => over.abort(container.interrupted()));
  const hold = { engine, owner, stateDir, clock, waitMs: WAIT_MS, signal: over.signal };
  const onWait = (fault: FlowError): void => person.print(`${fault.message} It is waited for.\n`);
  return await holdCodexState({ ...hold, people: 'refuse', onWait }, async () => {
    const id = await createAlone(engine, container, { image, stateDir, owner });
    try {
      return await unlessAborted(work(id, over.signal), over.signal);
    } finally {
      over.abort();
      await engine.remove(id);
    }
  });
}

/** The real path of a state directory that Codex can write to as its owner. */
async function readyState({ stateDir, owner, clock }: CodexPerson): Promise<string> {
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

/** A command that was killed may have left its container behind; one that still runs is somebody's. */
async function createAlone(
  engine: Engine,
  { spec, name, underWay }: PersonContainer,
  place: CodexContainer,
): Promise<string> {
  try {
    return await engine.create(spec(place));
  } catch (error) {
    if (asFlowError(error).code !== 'container_exists') throw error;
    if (!(await engine.removeEnded(name))) throw underWay();
    return await engine.create(spec(place));
  }
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
