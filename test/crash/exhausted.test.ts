import { rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askAdmin } from '../support/service/admin-client.ts';
import {
  commentPayload,
  deliverTo,
  type Ground,
  makeGround,
  shellProfile,
  until,
} from '../support/service/service.ts';
import { type ServiceProcess, spawnService } from '../support/service/service-process.ts';

/**
 * Mounts a small disk at VAR_DIR that only the service sees, and does there what standard input says. What the engine
 * binds into containers stays where the engine finds it.
 */
const SMALL_DISK = `set -e
mkdir -p "$VAR_DIR/run-files" "$WORKSPACE_ROOT.files"
mount --bind "$VAR_DIR/run-files" "$WORKSPACE_ROOT.files"
mount -t tmpfs -o size=64m,mode=0700 test "$VAR_DIR"
mkdir "$VAR_DIR/run-files"
mount --bind "$WORKSPACE_ROOT.files" "$VAR_DIR/run-files"
set +e
exec 3<&0
(while read -r line; do (cd "$VAR_DIR" && eval "$line"); done) <&3 &
exec "$@" < /dev/null 3<&-`;

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** As root a mount of its own is enough; anybody else makes it as the root of a user namespace and is himself again below it. */
function smallDisk(): string[] {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid === 0) return ['unshare', '-m', 'sh', '-c', SMALL_DISK, 'sh'];
  const again = ['unshare', '-U', `--map-user=${uid}`, `--map-group=${gid}`];
  return ['unshare', '-Urm', 'sh', '-c', SMALL_DISK, 'sh', ...again];
}

async function groundWith(env: Record<string, string>): Promise<Ground> {
  const ground = makeGround({
    profiles: { 'hello/profile.json': shellProfile('echo hello') },
    env: (dir) => ({ WORKSPACE_ROOT: join(dir, 'work'), ...env }),
  });
  onTestFinished(() => rmSync(ground.dir, { recursive: true, force: true }));
  ground.settings.ADMIN_PORT = await freePort();
  return ground;
}

/** What the tests ask of a service in another process. */
function asker({ settings }: Ground, service: ServiceProcess) {
  const admin = {
    adminUrl: `http://127.0.0.1:${settings.ADMIN_PORT}`,
    secretsDir: settings.SECRETS_DIR ?? '',
  };
  const ready = async () => {
    const response = await fetch(`${admin.adminUrl}/readyz`);
    const { checks } = (await response.json()) as { checks: { name: string; message: string | null }[] };
    return { status: response.status, disk: checks.find(({ name }) => name === 'disk')?.message };
  };
  return {
    ready,
    deliver: async () => await deliverTo(service.url, commentPayload()),
    decision: async (id: string) =>
      (await askAdmin(admin, `/api/deliveries/${id}`)).json as { runId: string | null; decision: string },
    ended: async (id: string) =>
      await until(`the run of ${id} ended`, async () => {
        const { runId } = (await askAdmin(admin, `/api/deliveries/${id}`)).json as { runId: string | null };
        if (!runId) return undefined;
        const run = (await askAdmin(admin, `/api/runs/${runId}`)).json as { state: string; outcome: string };
        return run.state === 'ended' ? run.outcome : undefined;
      }),
    runs: async () => (await askAdmin(admin, '/api/runs?limit=100')).json as { deliveryId: string }[],
    untilReady: async (status: number) =>
      await until(`/readyz says ${status}`, async () =>
        (await ready().catch(() => undefined))?.status === status ? true : undefined,
      ),
  };
}

test('a disk that fills up stops runs, then deliveries, loses none, and all goes on when there is room', async () => {
  const marks = { MIN_FREE_TO_RUN: '32m', MIN_FREE_TO_ACCEPT: '8m', MIN_FREE_FILES_TO_RUN: '1' };
  const ground = await groundWith({ ...marks, MIN_FREE_FILES_TO_ACCEPT: '1' });
  const service = await spawnService(ground, undefined, smallDisk());
  const ask = asker(ground, service);
  const first = await ask.deliver();
  expect(await ask.ended(first.id)).toBe('succeeded');
  service.tell('dd if=/dev/zero of=filler bs=1M count=40 2>/dev/null');
  await ask.untilReady(503);
  expect((await ask.ready()).disk).toMatch(/^The disk of VAR_DIR .* runs wait\.$/);
  const waiting = await ask.deliver();
  expect(waiting.status).toBe(202);
  await until('it was decided', async () =>
    (await ask.decision(waiting.id)).decision === 'run' ? true : undefined,
  );
  service.tell('dd if=/dev/zero of=filler2 bs=64k 2>/dev/null');
  await until(
    `the disk is full (${(await ask.ready()).disk})`,
    async () => ((await ask.ready()).disk?.includes('no delivery is accepted') ? true : undefined),
    10_000,
  );
  const refused = await until('deliveries are refused', async () => {
    const answer = await ask.deliver();
    return answer.status === 202 ? undefined : answer;
  });
  expect(refused).toMatchObject({ status: 503, body: { error: { code: 'disk_too_full' } } });
  service.tell('rm filler filler2');
  await ask.untilReady(200);
  expect(await ask.ended(waiting.id)).toBe('succeeded');
  const after = await ask.deliver();
  expect([after.status, await ask.ended(after.id)]).toEqual([202, 'succeeded']);
});

test('with no file descriptor left nothing accepted is lost, and it goes on when there are some again', async () => {
  const ground = await groundWith({});
  const service = await spawnService(ground, undefined, ['sh', '-c', 'ulimit -n 120; exec "$@"', 'sh']);
  const ask = asker(ground, service);
  const { hostname, port } = new URL(service.url);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let count = 0; count < 300; count += 1)
    sockets.push(connect(Number(port), hostname).on('error', () => undefined));
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => await ask.deliver().catch(() => undefined)),
  );
  for (const socket of sockets) socket.destroy();
  await ask.untilReady(200);
  const accepted = answers.filter((answer) => answer?.status === 202).map((answer) => answer?.id ?? '');
  const last = await until('a delivery is accepted again', async () => {
    const answer = await ask.deliver().catch(() => undefined);
    return answer?.status === 202 ? answer.id : undefined;
  });
  for (const id of [...accepted, last]) expect(await ask.ended(id)).toMatch(/succeeded|failed/);
  expect(await ask.ended(last)).toBe('succeeded');
  const runs = await ask.runs();
  expect(new Set(runs.map(({ deliveryId }) => deliveryId)).size).toBe(runs.length);
});
