import { createServer as createHttpServer } from 'node:http';
import {
  type AddressInfo,
  connect,
  type createServer,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Certificate, selfSigned } from './certificate.ts';

/** Where the plain connection behind a name leads. */
export type Route = NetConnectOpts;

/** A stand-in for the internet on loopback: one TLS server for all names, and a proxy that leads every name to it. */
export type Internet = {
  /** The TLS server's port. */
  port: number;
  certificate: Certificate;
  /** For `upstreamProxy`. */
  proxy: URL;
  /** The names that TLS was begun with, in turn. */
  names: string[];
  close(): Promise<void>;
};

/** Serves `routes` by their names; TLS ends here, and what is inside goes on in plain. */
export async function startInternet(routes: Readonly<Record<string, Route>>): Promise<Internet> {
  const [first = 'example.org', ...rest] = Object.keys(routes);
  const certificate = selfSigned(first, ...rest);
  const names: string[] = [];
  const server = createTlsServer({ ...certificate, ALPNProtocols: ['http/1.1'] }, (socket) => {
    const name = socket.servername || '';
    names.push(name);
    const route = routes[name];
    if (route) join(socket, connect(route));
    else socket.destroy();
  });
  const closeServer = await listen(server);
  const { port } = server.address() as AddressInfo;

  const proxy = createHttpServer();
  proxy.on('connect', (_request, client: Socket) => {
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    join(client, connect(port, '127.0.0.1'));
  });
  const closeProxy = await listen(proxy);
  return {
    port,
    certificate,
    proxy: new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`),
    names,
    close: async () => void (await Promise.all([closeProxy(), closeServer()])),
  };
}

function join(one: Socket, other: Socket): void {
  one.on('error', () => other.destroy()).on('close', () => other.destroy());
  other.on('error', () => one.destroy());
  one.pipe(other).pipe(one);
}

async function listen(server: Server | ReturnType<typeof createServer>): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
}
