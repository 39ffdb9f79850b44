import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import type { Logger } from '../../log/logger.ts';
import type { AllowList } from '../allow-list.ts';
import type { EgressRequest } from '../egress-request.ts';
import { socketFailed } from '../errors.ts';
import { createProxy, type ProxyOptions } from './proxy.ts';

/** The name of the socket in a run's egress directory. */
export const EGRESS_SOCKET = 'proxy.sock';

/** What all runs' proxies share. `dirOf` gives a run's own egress directory, absolute; containers see it read-only. */
export type EgressOptions = Omit<ProxyOptions, 'list' | 'onRequest'> & {
  dirOf: (runId: string) => string;
  log: Logger;
};

/**
 * The proxies of the runs that have an allow list.
 *
 * After a restart of the service `open` is called for every active run before anything else: what is mounted is the
 * directory, so the container finds the new socket where the old one was. The directory is made if need be, but not the one
 * above it; a socket that a dead service left is replaced. Calls for one run take their turn.
 */
export type Egress = {
  /**
   * Opens a run's socket, anew if it is open; throws `egress_socket_failed`. `onRequest` must not throw. `onClosed` is
   * called when the last request has been reported, also when opening failed; it must not reject.
   */
  open(
    runId: string,
    list: AllowList,
    onRequest: (request: EgressRequest) => void,
    onClosed?: () => Promise<void>,
  ): Promise<void>;
  /** Ends a run's connections, removes its socket and waits for `onClosed`; one that is not open is fine. */
  close(runId: string): Promise<void>;
  closeAll(): Promise<void>;
};

type OpenSocket = { close(): Promise<void> };

/** No run has a proxy until `open`. */
export function createEgress(options: EgressOptions): Egress {
  const runs = new Map<string, Promise<OpenSocket | undefined>>();

  const change = async (runId: string, make: () => Promise<OpenSocket | undefined>): Promise<void> => {
    const before = runs.get(runId);
    const next = (async () => {
      await (await before?.catch(() => undefined))?.close();
      return await make();
    })();
    runs.set(runId, next);
    try {
      if (!(await next) && runs.get(runId) === next) runs.delete(runId);
    } catch (error) {
      if (runs.get(runId) === next) runs.delete(runId);
      throw error;
    }
  };
  const close = async (runId: string): Promise<void> => await change(runId, async () => undefined);

  return {
    open: async (runId, list, onRequest, onClosed = async () => {}) =>
      await change(
        runId,
        async () => await openSocket({ ...options, list, onRequest }, options.dirOf(runId), onClosed),
      ),
    close,
    closeAll: async () => void (await Promise.all([...runs.keys()].map(close))),
  };
}

async function openSocket(
  options: ProxyOptions & { log: Logger },
  dir: string,
  onClosed: () => Promise<void>,
): Promise<OpenSocket> {
  const path = join(dir, EGRESS_SOCKET);
  const proxy = createProxy(options);
  let directory: FileHandle | undefined;
  const close = async (): Promise<void> => {
    await proxy.close();
    await directory?.close();
    await onClosed();
  };
  try {
    directory = await openDirectory(dir);
    await directory.chmod(0o755);
    await listen(proxy.server, await freePath(directory));
  } catch (error) {
    await close();
    throw socketFailed(path, error);
  }
  proxy.server.on('error', (err) => options.log.warn({ err, path }, 'an egress socket failed'));
  return { close };
}

/** Held open while the socket is: see `freePath`. */
async function openDirectory(dir: string): Promise<FileHandle> {
  await mkdir(dir).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
  });
  return await open(dir, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/** The socket's place by way of the open directory: a path may have 107 bytes, and this one is short wherever it leads. */
async function freePath(directory: FileHandle): Promise<string> {
  const path = `/proc/self/fd/${directory.fd}/${EGRESS_SOCKET}`;
  await rm(path, { force: true });
  return path;
}

/** Everybody may connect: who the agent is in its container is not known here, and the directories above are closed to others. */
async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(path, 0o666);
}
