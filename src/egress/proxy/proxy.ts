import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { proxyClosed } from '../refusals.ts';
import { type ConnectionParts, serveConnect } from './connection.ts';
import { limitSockets, refuseOtherRequests } from './other-requests.ts';

/** What one run's proxy is made of. */
export type ProxyOptions = Omit<ConnectionParts, 'state'>;

/** A proxy that does not listen yet; `close` ends all its connections, tells each, and resolves when they are gone. */
export type Proxy = { server: Server; close(): Promise<void> };

const MOST_HEADER_BYTES = 8 * 1024;

/** A proxy that does CONNECT to the hosts of one list, for TLS that names them, and nothing else. */
export function createProxy(options: ProxyOptions): Proxy {
  const { limits } = options;
  const server = createServer({
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.requestMs / 10,
    requireHostHeader: false,
  });
  const closing = new AbortController();
  const state = { open: 0, spent: 0, closing: closing.signal, refused: new WeakSet<Duplex>() };
  const parts = { ...options, state };
  const tunnels = new Set<Promise<void>>();
  server.on('connect', (request, client: Duplex, head: Buffer) => {
    const tunnel = serveConnect(parts, { target: request.url ?? '', client, head });
    tunnels.add(tunnel);
    void tunnel.then(() => tunnels.delete(tunnel));
  });
  refuseOtherRequests(server, parts);
  const sockets = limitSockets(server, parts);
  return {
    server,
    async close() {
      closing.abort(proxyClosed());
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, ...tunnels]);
    },
  };
}
