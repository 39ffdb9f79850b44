import type { ContainerCreateOptions } from 'dockerode';
import type { Clock } from '../../base/clock.ts';
import type { FlowError } from '../../base/errors.ts';
import { containerExists, containerGone, containerNotStarted, imageMissing } from '../errors.ts';
import { LABELS, readRunLabels } from '../labels.ts';
import type { ContainerIdentity } from '../plan.ts';
import { type CallEngine, fieldOf } from './engine-call.ts';

/** How long a removal that somebody else began is waited for. */
const REMOVAL_MS = 20_000;

/** A query that dockerode's types do not know: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerInspect */
const WITH_SIZE = { size: true };

/** A container as the engine sees it now; times in milliseconds since 1970, `finishedAt` null while it runs or before. */
export type ContainerState = {
  running: boolean;
  /** It ran and is over. */
  ended: boolean;
  exitCode: number;
  startedAt: number | null;
  finishedAt: number | null;
};

/** A run's container on the engine. */
export type ListedContainer = ContainerIdentity & { id: string; running: boolean };

/** A container found by its labels. */
export type FoundContainer = {
  id: string;
  name: string;
  running: boolean;
  labels: Readonly<Record<string, string>>;
};

/** The calls that make, move, find and remove containers; `Engine` says what each does. */
export function containerLife(call: CallEngine, clock: Clock) {
  return {
    create: (spec: ContainerCreateOptions) => createContainer(call, spec),
    start: (id: string) => startContainer(call, id),
    stop: (id: string, graceSec: number) => stopContainer(call, id, graceSec),
    kill: (id: string) => killContainer(call, id),
    remove: (id: string) => removeContainer(call, clock, id),
    removeEnded: (id: string) => removeEnded(call, id),
    find: (labels: readonly string[]) => findContainers(call, labels),
    inspect: (id: string) => inspectContainer(call, id),
    writtenBytes: (id: string) => writtenBytes(call, id),
    list: (installation: string) => listContainers(call, installation),
  };
}

async function createContainer(call: CallEngine, spec: ContainerCreateOptions): Promise<string> {
  const errors = {
    404: (_words: string, cause: unknown) => imageMissing(spec.Image ?? '', cause),
    409: (_words: string, cause: unknown) => containerExists(spec.name ?? '', cause),
  };
  return await call({ what: 'create a container', errors }, async (docker, abortSignal) => {
    return fieldOf(await docker.createContainer({ ...spec, abortSignal }), 'id', 'string');
  });
}

async function startContainer(call: CallEngine, id: string): Promise<void> {
  const notStarted = (words: string, cause: unknown) => containerNotStarted(id, words, cause);
  const errors = { 400: notStarted, 404: gone(id), 500: notStarted };
  const options = { what: 'start a container', timeoutMs: 60_000, errors, answers: { 304: undefined } };
  await call<void>(options, async (docker, abortSignal) => {
    await docker.getContainer(id).start({ abortSignal });
  });
}

async function stopContainer(call: CallEngine, id: string, graceSec: number): Promise<boolean> {
  const timeoutMs = (graceSec + 30) * 1000;
  const options = { what: 'stop a container', timeoutMs, errors: { 404: gone(id) }, answers: { 304: false } };
  return await call<boolean>(options, async (docker, abortSignal) => {
    await docker.getContainer(id).stop({ t: graceSec, abortSignal });
    return true;
  });
}

async function killContainer(call: CallEngine, id: string): Promise<void> {
  const options = { what: 'kill a container', errors: { 404: gone(id) }, answers: { 409: undefined } };
  await call<void>(options, async (docker, abortSignal) => {
    await docker.getContainer(id).kill({ signal: 'SIGKILL', abortSignal });
  });
}

/** A removal that is under way elsewhere is waited for, so that the container is gone when this resolves. */
async function removeContainer(call: CallEngine, clock: Clock, id: string): Promise<void> {
  const until = clock.passed() + REMOVAL_MS;
  for (;;) {
    const answers = clock.passed() < until ? { 404: true, 409: false } : { 404: true };
    const isGone = await call<boolean>(
      { what: 'remove a container', answers },
      async (docker, abortSignal) => {
        await docker.getContainer(id).remove({ force: true, v: true, abortSignal });
        return true;
      },
    );
    if (isGone) return;
    await clock.sleep(50);
  }
}

/** Without force the engine removes no container that runs: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerDelete */
async function removeEnded(call: CallEngine, id: string): Promise<boolean> {
  const answers = { 404: true, 409: false };
  return await call<boolean>({ what: 'remove a container', answers }, async (docker, abortSignal) => {
    await docker.getContainer(id).remove({ v: true, abortSignal });
    return true;
  });
}

async function inspectContainer(call: CallEngine, id: string): Promise<ContainerState> {
  return await call(
    { what: 'describe a container', errors: { 404: gone(id) } },
    async (docker, abortSignal) => {
      const { State } = await docker.getContainer(id).inspect({ abortSignal });
      const running = fieldOf(State, 'Running', 'boolean');
      if (State.Status === 'removing' || State.Dead) throw containerGone(id, undefined);
      const finishedAt = running ? null : engineTime(State.FinishedAt);
      return {
        running,
        ended: finishedAt !== null,
        exitCode: fieldOf(State, 'ExitCode', 'number'),
        startedAt: engineTime(State.StartedAt),
        finishedAt,
      };
    },
  );
}

/** The engine adds up the files of the container's own layer, which takes it as long as there are many. */
async function writtenBytes(call: CallEngine, id: string): Promise<number> {
  return await call(
    { what: 'measure a container', errors: { 404: gone(id) } },
    async (docker, abortSignal) => {
      const answer = await docker.getContainer(id).inspect({ ...WITH_SIZE, abortSignal });
      return (answer as { SizeRw?: number }).SizeRw ?? 0;
    },
  );
}

async function findContainers(call: CallEngine, labels: readonly string[]): Promise<FoundContainer[]> {
  return await call({ what: 'list containers' }, async (docker, abortSignal) => {
    const found = await docker.listContainers({ all: true, filters: { label: [...labels] }, abortSignal });
    return found.map(({ Id, Names, Labels, State }) => {
      return { id: Id, name: (Names[0] ?? '').slice(1), running: State === 'running', labels: Labels ?? {} };
    });
  });
}

async function listContainers(call: CallEngine, installation: string): Promise<ListedContainer[]> {
  const found = await findContainers(call, [`${LABELS.installation}=${installation}`, LABELS.run]);
  return found.flatMap(({ id, running, labels }) => {
    const identity = readRunLabels(labels);
    return identity ? [{ ...identity, id, running }] : [];
  });
}

/** The engine's "never" is the year 1. */
function engineTime(time: string): number | null {
  const ms = Date.parse(time);
  return ms > 0 ? ms : null;
}

function gone(id: string): (words: string, cause: unknown) => FlowError {
  return (_words, cause) => containerGone(id, cause);
}
