import type { Readable } from 'node:stream';
import type { ContainerCreateOptions } from 'dockerode';
import type { Clock } from '../base/clock.ts';
import { type ContainerState, containerLife, type ListedContainer } from './container-life.ts';
import { type CallEngine, engineCaller, NO_TIMEOUT } from './engine-call.ts';
import { containerGone, imageMissing } from './errors.ts';
import { ensureNetwork } from './network.ts';

/** The engine itself: its version, and how many processors it can give. */
export type EngineInfo = { version: string; apiVersion: string; cpus: number; memoryBytes: number };

/** An image on the engine; `user` is empty when it runs as root. */
export type ImageInfo = {
  id: string;
  user: string;
  env: readonly string[];
  labels: Readonly<Record<string, string>>;
};

/** Which part of a log: from `since` (RFC 3339) on, and only of the last `tail` entries. */
export type LogQuery = { since?: string | undefined; tail?: number };

/**
 * The engine, as far as this service uses it. It decides nothing: plans become options in `spec.ts`.
 *
 * The order for one container is create, start, wait (with `logs` beside it), remove; `stop` and `kill` at any time
 * after start. `stop`, `kill`, `remove` and `ensureNetwork` may be called twice and at once. Every call ends in
 * bounded time but `wait`, `logs` and `attach`, which end with the container, with their signal, or with
 * `engine_unreachable` when the engine goes away. All may throw `engine_unreachable`, `engine_timeout` and
 * `engine_refused`; those that name a container throw `container_gone` when it is not there.
 */
export type Engine = {
  ping(): Promise<void>;
  info(): Promise<EngineInfo>;
  /** Throws `image_missing`. */
  inspectImage(name: string): Promise<ImageInfo>;
  /** Makes the `github-flows` bridge unless it is there. Throws `network_not_isolated`. */
  ensureNetwork(): Promise<void>;
  /** Gives the id. Throws `image_missing`, `container_exists`. */
  create(spec: ContainerCreateOptions): Promise<string>;
  /** Starting what runs already is fine. Throws `container_not_started`. */
  start(id: string): Promise<void>;
  /** Resolves when the container is not running (any more). */
  wait(id: string, signal: AbortSignal): Promise<void>;
  inspect(id: string): Promise<ContainerState>;
  /** SIGTERM, then SIGKILL after `graceSec`. Gives whether it was running. */
  stop(id: string, graceSec: number): Promise<boolean>;
  kill(id: string): Promise<void>;
  /** Kills it if need be and removes it with its anonymous volumes; resolves once it is gone. */
  remove(id: string): Promise<void>;
  /** Every run's container of an installation, running or not. */
  list(installation: string): Promise<ListedContainer[]>;
  /** The engine's log, multiplexed, with timestamps; it ends with what there is once the container is over. */
  logs(id: string, wanted: LogQuery, signal: AbortSignal): Promise<Readable>;
  /** Both streams as they are written from now on: multiplexed, not waiting for ends of lines. */
  attach(id: string, signal: AbortSignal): Promise<Readable>;
};

/** The engine at `dockerHost` (`unix:///…` or `tcp://…`). Throws `docker_host_invalid`; nothing is asked yet. */
export function createEngine({ dockerHost, clock }: { dockerHost: string; clock: Clock }): Engine {
  const call = engineCaller(dockerHost);
  return { ...engineItself(call), ...containerLife(call, clock), ...containerStreams(call) };
}

function engineItself(call: CallEngine): Pick<Engine, 'ping' | 'info' | 'inspectImage' | 'ensureNetwork'> {
  return {
    ping: () =>
      call({ what: 'answer', timeoutMs: 5_000 }, async (docker) => {
        await docker.ping();
      }),
    info: () =>
      call({ what: 'describe itself' }, async (docker) => {
        const [version, info] = await Promise.all([docker.version(), docker.info()]);
        const { Version, ApiVersion } = version;
        return { version: Version, apiVersion: ApiVersion, cpus: info.NCPU, memoryBytes: info.MemTotal };
      }),
    inspectImage: (name) => {
      const faults = { 404: (_words: string, cause: unknown) => imageMissing(name, cause) };
      return call({ what: `describe the image ${name}`, faults }, async (docker) => {
        const path = name.split('/').map(encodeURIComponent).join('/');
        const { Id, Config } = await docker.getImage(path).inspect();
        return { id: Id, user: Config.User ?? '', env: Config.Env ?? [], labels: Config.Labels ?? {} };
      });
    },
    ensureNetwork: () => ensureNetwork(call),
  };
}

function containerStreams(call: CallEngine): Pick<Engine, 'wait' | 'logs' | 'attach'> {
  const lasting = (what: string, id: string, signal: AbortSignal) => ({
    what,
    signal,
    timeoutMs: NO_TIMEOUT,
    faults: { 404: (_words: string, cause: unknown) => containerGone(id, cause) },
  });
  return {
    wait: (id, signal) =>
      call(lasting('wait for a container', id, signal), async (docker, abortSignal) => {
        await docker.getContainer(id).wait({ condition: 'not-running', abortSignal });
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

/** Seconds with nine digits behind the point; dockerode's type says number, which would lose the last three. */
function engineSince(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '';
  return `${Math.floor(Date.parse(time) / 1000)}.${fraction.padEnd(9, '0')}` as unknown as number;
}
