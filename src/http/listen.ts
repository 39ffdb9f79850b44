import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { listenFailed } from './errors.ts';

/** An open listener: where it is reached, and how it ends. */
export type Listener = {
  url: string;
  /** Takes no more connections, finishes the requests in flight, and resolves when the last is gone. A second call waits for the first. */
  close(): Promise<void>;
};

/** How long requests in flight may take to finish, and how often connections that have are closed. */
const CLOSE_LIMIT_MS = 15_000;
const CLOSE_STEP_MS = 50;

/** Opens the port (0 is any free one) that the setting `option` names; throws `listen_failed`. */
export async function listen(
  server: Server,
  host: string,
  port: number,
  clock: Clock,
  option = 'PORT',
): Promise<Listener> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailed({ host, port, option }, error)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${name}:${address.port}`,
    close: () => {
      closed ??= close(server, clock);
      return closed;
    },
  };
}

// Node closes the idle connections once, as it stops listening; those that become idle later would stay.
async function close(server: Server, clock: Clock): Promise<void> {
  const step = clock.every(CLOSE_STEP_MS, () => server.closeIdleConnections());
  const limit = clock.after(CLOSE_LIMIT_MS, () => server.closeAllConnections());
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  step.stop();
  limit.stop();
}

/** A URL of a listener that other hosts can use: an address that stands for all of this host's is replaced by its name. */
export function reachableUrl(url: string): string {
  const { hostname: host, port } = new URL(url);
  return host === '0.0.0.0' || host === '[::]' ? `http://${hostname()}:${port}` : url;
}
