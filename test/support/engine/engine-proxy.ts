import { createServer, request } from 'node:http';
import { join } from 'node:path';

/** A socket that leads to the real engine, and tells what passes. */
export type EngineProxy = { dockerHost: string; close(): Promise<void> };

/** When a test wants to step in: before the engine gets a request, or after it has answered. */
export type Watch = (moment: 'before' | 'after', call: string) => void;

/** Starts a proxy in `dir`; `watch` is called with `POST /containers/create` and the like, without the API's version. */
export async function startEngineProxy(dir: string, watch: Watch): Promise<EngineProxy> {
  const socketPath = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  const server = createServer((incoming, answer) => {
    const path = (incoming.url ?? '').replace(/^\/v[\d.]+/, '').replace(/\?.*/, '');
    const call = `${incoming.method} ${path}`;
    watch('before', call);
    const { method, url, headers } = incoming;
    const onward = request({ socketPath, method, path: url, headers }, (reply) => {
      watch('after', call);
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  const path = join(dir, 'engine.sock');
  server.listen(path);
  await new Promise((done) => server.once('listening', done));
  return {
    dockerHost: `unix://${path}`,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
