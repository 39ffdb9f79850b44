import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/** A way to a PostgreSQL on a unix socket that can be cut. */
export type DatabaseWay = {
  url: string;
  /** `hang`: nothing gets through and nothing is refused, as when a cable is pulled; `open`: as usual, what hung is dropped. */
  set(state: 'open' | 'hang'): void;
  close(): Promise<void>;
};

const SOCKET = '.s.PGSQL.5432';

/** Stands between one process and the server of `url` (`postgres://user@/name?host=<dir>`). */
export async function openDatabaseWay(url: string): Promise<DatabaseWay> {
  const dir = mkdtempSync('/tmp/gf-way-');
  const server = join(new URL(url.replace('@/', '@localhost/')).searchParams.get('host') ?? '', SOCKET);
  const sockets = new Set<Socket>();
  let state: 'open' | 'hang' = 'open';
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  };
  const listener = createServer((near) => {
    keep(near);
    if (state === 'hang') return near.pause();
    const far = connect(server);
    keep(far);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
    return near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => listener.listen(join(dir, SOCKET), resolve));
  return {
    url: url.replace(/host=.*/, `host=${dir}`),
    set(next) {
      state = next;
      if (next === 'open') for (const socket of sockets) socket.destroy();
      else
        for (const socket of sockets) {
          socket.unpipe();
          socket.pause();
        }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
