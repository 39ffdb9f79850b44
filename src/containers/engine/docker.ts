import type { Duplex, Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { ContainerCreateOptions } from 'dockerode';
import type { Clock } from '../../base/clock.ts';
import { answerInvalid, containerGone, volumeMissing, volumeNotPlain } from '../errors.ts';
import {
  type ContainerState,
  containerLife,
  type FoundContainer,
  type ListedContainer,
} from './container-life.ts';
import { type CallEngine, engineCaller, fieldOf, NO_TIMEOUT } from './engine-call.ts';
import { describeEngine, type EngineInfo, type ImageInfo, inspectImage } from './engine-info.ts';
import { lookForPrograms, lookIntoImage } from './image-programs.ts';
import { checkNetwork, networkMaker } from './network.ts';
import { type OrphanResource, orphanCalls } from './orphans.ts';

/** Which part of a log: from `since` (RFC 3339) on, and only of the last `tail` entries. */
export type LogQuery = { since?: string | undefined; tail?: number };

/**
 * The engine, as far as this service uses it. It decides nothing: plans become options in `spec.ts`.
 *
 * The order for one container is create, start, wait (with `logs` beside it), remove; `stop` and `kill` at any time
 * after start. `stop`, `kill`, `remove` and `ensureNetwork` may be called twice and at once. Every call ends in
 * bounded time but `wait`, `logs` and `attach`, which end with the container, with their signal, or with
 * `engine_unreachable` when the engine goes away. All may throw `engine_unreachable`, `engine_timeout`,
 * `engine_refused`, `engine_redirects` and `engine_answer_invalid`; those that name a container throw `container_gone` when it is not there.
 */
export type Engine = {
  ping(): Promise<void>;
  info(): Promise<EngineInfo>;
  /** Throws `image_name_invalid`, `image_missing`. */
  inspectImage(name: string): Promise<ImageInfo>;
  /** Which of these programs, each with the places where it may lie, a container that need not run lacks: their indexes. */
  lookForPrograms(container: string, programs: readonly (readonly string[])[]): Promise<number[]>;
  /** The same of an image, by a container that is made for this and removed at once. Throws `image_missing`. */
  lookIntoImage(image: string, programs: readonly (readonly string[])[]): Promise<number[]>;
  /** Makes the `github-flows` bridge unless it is there. Throws `network_not_isolated`. */
  ensureNetwork(): Promise<void>;
  /** Whether a network of this name is there. Throws `network_missing`. */
  checkNetwork(name: string): Promise<void>;
  /** Whether a volume of this name is there and holds nothing but its own files. Throws `volume_missing`, `volume_not_plain`. */
  checkVolume(name: string): Promise<void>;
  /** Gives the id. Throws `image_missing`, `container_exists`. */
  create(spec: ContainerCreateOptions): Promise<string>;
  /** Starting what runs already is fine. Throws `container_not_started`. */
  start(id: string): Promise<void>;
  /** Resolves when the container is not running (any more). */
  wait(id: string, signal: AbortSignal): Promise<void>;
  inspect(id: string): Promise<ContainerState>;
  /** Bytes that a container has written into its own files, beyond its image and beside its mounts. */
  writtenBytes(id: string): Promise<number>;
  /** SIGTERM, then SIGKILL after `graceSec`. Gives whether it was running. */
  stop(id: string, graceSec: number): Promise<boolean>;
  kill(id: string): Promise<void>;
  /** Kills it if need be and removes it with its anonymous volumes; resolves once it is gone. */
  remove(id: string): Promise<void>;
  /** Removes it only if it does not run, and never stops it; gives whether it is gone. */
  removeEnded(id: string): Promise<boolean>;
  /** Every container, running or not, that carries all these labels (`name` or `name=value`). */
  find(labels: readonly string[]): Promise<FoundContainer[]>;
  /** Every run's container of an installation, running or not. */
  list(installation: string): Promise<ListedContainer[]>;
  /** Every volume and network that carries the labels of a run of an installation; the service makes none. */
  orphanResources(installation: string): Promise<OrphanResource[]>;
  /** False while it is in use. */
  removeOrphanResource(orphan: OrphanResource): Promise<boolean>;
  /** The engine's log, multiplexed, with timestamps; it ends with what there is once the container is over. */
  logs(id: string, wanted: LogQuery, signal: AbortSignal): Promise<Readable>;
  /** Both streams as they are written from now on: multiplexed, not waiting for ends of lines. */
  attach(id: string, signal: AbortSignal): Promise<Readable>;
  /** The terminal of a container that has one: what is written is typed there, what is read is shown. */
  attachTerminal(id: string, signal: AbortSignal): Promise<Duplex>;
  /** How large that terminal is. A container that is over needs none, which is fine. */
  resize(id: string, size: { rows: number; columns: number }): Promise<void>;
};

/** The engine at `dockerHost` (`unix:///…` or `tcp://…`). Throws `docker_host_invalid`; sends nothing yet. */
export function createEngine({ dockerHost, clock }: { dockerHost: string; clock: Clock }): Engine {
  const call = engineCaller(dockerHost);
  return {
    ...engineItself(call),
    ...containerLife(call, clock),
    ...orphanCalls(call),
    ...containerStreams(call),
    ...containerTerminal(call),
  };
}

type EngineItself = Pick<
  Engine,
  | 'ping'
  | 'info'
  | 'inspectImage'
  | 'lookForPrograms'
  | 'lookIntoImage'
  | 'ensureNetwork'
  | 'checkNetwork'
  | 'checkVolume'
>;

function engineItself(call: CallEngine): EngineItself {
  return {
    ping: () =>
      call({ what: 'answer', timeoutMs: 5_000 }, async (docker) => {
        const answer = String(await docker.ping());
        if (answer.trim() !== 'OK') throw answerInvalid('a ping was not answered with OK');
      }),
    info: () => call({ what: 'describe itself' }, describeEngine),
    inspectImage: (name) => inspectImage(call, name),
    lookForPrograms: (id, programs) => lookForPrograms(call, id, programs),
    lookIntoImage: (image, programs) => lookIntoImage(call, image, programs),
    ensureNetwork: networkMaker(call),
    checkNetwork: (name) => checkNetwork(call, name),
    checkVolume: (name) => checkVolume(call, name),
  };
}

function containerStreams(call: CallEngine): Pick<Engine, 'wait' | 'logs' | 'attach'> {
  const lasting = (what: string, id: string, signal: AbortSignal) => ({
    what,
    signal,
    timeoutMs: NO_TIMEOUT,
    errors: { 404: (_words: string, cause: unknown) => containerGone(id, cause) },
  });
  return {
    wait: (id, signal) =>
      call(lasting('wait for a container', id, signal), async (docker, abortSignal) => {
        for await (const _chunk of await openWait(docker, id, abortSignal));
      }),
    logs: (id, { since, tail }, signal) =>
      call(lasting('send a container’s output', id, signal), async (docker, abortSignal) => {
        const part = {
          ...(since === undefined ? {} : { since: engineSince(since) }),
          ...(tail === undefined ? {} : { tail }),
        };
        const wanted = { follow: true, stdout: true, stderr: true, timestamps: true, ...part } as const;
        return (await docker.getContainer(id).logs({ ...wanted, abortSignal })) as Readable;
      }),
    attach: (id, signal) =>
      call(lasting('attach to a container', id, signal), async (docker, abortSignal) => {
        const wanted = { stream: true, stdout: true, stderr: true } as const;
        return (await docker.getContainer(id).attach({ ...wanted, abortSignal })) as unknown as Readable;
      }),
  };
}

/** dockerode's own `wait` never settles when the engine goes away after its headers, so the answer is read as a stream. */
function openWait(docker: Docker, id: string, abortSignal: AbortSignal): Promise<Readable> {
  const request = {
    path: `/containers/${id}/wait?condition=not-running`,
    method: 'POST',
    isStream: true,
    abortSignal,
    statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error: unknown, answer: unknown) => {
      if (error) reject(error);
      else resolve(answer as Readable);
    });
  });
}

/** Seconds with nine digits behind the point; dockerode's type says number, which would lose the last three. */
function engineSince(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '';
  return `${Math.floor(Date.parse(time) / 1000)}.${fraction.padEnd(9, '0')}` as unknown as number;
}

/**
 * Whether a volume is there and holds nothing but files of its own: the driver `local`, and none of its options, with
 * which a volume can be any directory or device of the host. Throws `volume_missing`, `volume_not_plain`.
 */
async function checkVolume(call: CallEngine, name: string): Promise<void> {
  const errors = { 404: (_words: string, cause: unknown) => volumeMissing(name, cause) };
  const volume = await call(
    { what: `describe the volume ${name}`, errors },
    async (docker) => await docker.getVolume(name).inspect(),
  );
  const driver = fieldOf(volume, 'Driver', 'string');
  if (driver !== 'local') throw volumeNotPlain(name, `comes from the driver ${driver}`);
  const options = Object.keys(volume.Options ?? {});
  if (options.length > 0) throw volumeNotPlain(name, `has the options ${options.join(', ')}`);
}

/** The calls for a container with a terminal of its own; `Engine` says what each does. */
function containerTerminal(call: CallEngine) {
  return {
    attachTerminal: (id: string, signal: AbortSignal): Promise<Duplex> => {
      const errors = { 404: (_words: string, cause: unknown) => containerGone(id, cause) };
      const lasting = { what: 'attach to a terminal', signal, timeoutMs: NO_TIMEOUT, errors };
      return call(lasting, async (docker, abortSignal) => {
        const wanted = { stream: true, hijack: true, stdin: true, stdout: true, stderr: true } as const;
        return (await docker.getContainer(id).attach({ ...wanted, abortSignal })) as unknown as Duplex;
      });
    },
    resize: async (id: string, { rows, columns }: { rows: number; columns: number }): Promise<void> => {
      // What does not run has no terminal to change: 404 and 409, or 500 with words.
      const answers = { 404: undefined, 409: undefined, 500: undefined };
      await call<void>({ what: 'change the size of a terminal', answers }, async (docker, abortSignal) => {
        await docker.getContainer(id).resize({ h: rows, w: columns, abortSignal });
      });
    },
  };
}
