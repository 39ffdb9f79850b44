import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { sampleEvents } from '../../src/cli/commands/sample.ts';
import { TEST_SECRET } from '../support/github/signed-request.ts';
import { type CommandResult, runCommand } from '../support/service/cli.ts';
import { shellProfile, startService, type TestService, until } from '../support/service/service.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

let service: TestService;

beforeAll(async () => {
  const trigger = { repository: 'github-flows-demo/greeter', event: 'issue_comment', action: 'created' };
  service = await startService({
    profiles: { 'greeter/profile.json': shellProfile('true', { trigger }) },
    env: (dir) => ({ DOCKER_HOST: `unix://${dir}/no-engine.sock` }),
  });
});
afterAll(async () => await service.close());

const settings = (): Record<string, string> => ({
  HOST: '0.0.0.0',
  PORT: new URL(service.app.url).port,
  WEBHOOK_SECRET: TEST_SECRET,
});
const send = (...argv: string[]): Promise<CommandResult> =>
  runCommand(service.dir, settings(), 'send', ...argv);

async function sent(
  result: CommandResult,
): Promise<{ id: string; payload: { comment: Record<string, string> } }> {
  const { delivery } = JSON.parse(result.out);
  const body = await service.app.deliveries.body(delivery);
  return { id: delivery, payload: JSON.parse(body?.toString() ?? '') };
}

describe('send', () => {
  test('signs a sample that the service accepts and decides, and says how to see what became of it', async () => {
    const { code, out } = await send('issue_comment');
    expect(code).toBe(0);
    const [, id = ''] =
      /^202 accepted: delivery (\S+)\nShow its decision: github-flows deliveries show \1\n$/.exec(out) ?? [];
    const decision = await until('the delivery was decided', async () => {
      return (await service.app.deliveries.find(id))?.decision ?? undefined;
    });
    expect(decision).toMatchObject({ reason: 'run_queued', profile: 'greeter' });
  });

  test('send sends a new object under a new id at a new time, each time', async () => {
    const first = await sent(await send('issue_comment', '--json'));
    const second = await sent(await send('issue_comment', '--json'));
    expect(first.id).not.toBe(second.id);
    const [one, two] = [first, second].map(({ payload }) => payload.comment);
    expect(one?.id).not.toBe(two?.id);
    expect(one?.html_url).toContain(String(one?.id));
    for (const comment of [one, two])
      expect(Math.abs(Date.parse(comment?.created_at ?? '') - Date.now())).toBeLessThan(60_000);
  });

  test.each(sampleEvents())('has a sample of %s that the service accepts twice', async (event) => {
    for (const _time of [1, 2]) {
      const { code, out } = await send(event, '--json');
      expect(code).toBe(0);
      expect(JSON.parse(out)).toEqual({ delivery: expect.any(String), status: 'accepted' });
    }
  });

  test('send sends a file byte for byte, so that the second time it is known', async () => {
    const file = join(service.dir, 'payload.json');
    const bytes = `{ "action":"created",\n\t"comment": {"id": 7, "created_at": "2026-01-01T00:00:00Z"} }\n`;
    writeFileSync(file, bytes);
    const first = JSON.parse((await send('issue_comment', '--file', 'payload.json', '--json')).out);
    expect(first.status).toBe('accepted');
    expect((await service.app.deliveries.body(first.delivery))?.toString()).toBe(bytes);
    const again = await send('issue_comment', '--file', file);
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/^202 duplicate: /) });
  });

  test('send tells what the service refuses, with its code and hint, and exit code 1', async () => {
    const wrong = { ...settings(), WEBHOOK_SECRET: 'another-secret-than-the-service-has' };
    const told = await runCommand(service.dir, wrong, 'send', 'push');
    expect(told).toMatchObject({ code: 1, out: '' });
    expect(told.err).toMatch(/^401: .*\n {2}→ .*\[signature_wrong\]\n$/);
    const json = await runCommand(service.dir, wrong, 'send', 'push', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out).error).toMatchObject({ code: 'signature_wrong' });
  });

  test('send never sends without a secret, or to a port that nobody knows', async () => {
    const { WEBHOOK_SECRET: _, ...bare } = settings();
    expect((await runCommand(service.dir, bare, 'send', 'push')).err).toContain('[webhook_secret_missing]');
    const anyPort = { ...settings(), PORT: '0' };
    expect(await runCommand(service.dir, anyPort, 'send', 'push')).toMatchObject({
      code: 2,
      err: expect.stringContaining('[usage]'),
    });
  });

  test('send tells of a listener that is another program', async () => {
    const other = createServer((_request, response) => void response.end('<h1>Hello</h1>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      other.closeAllConnections();
      await new Promise((resolve) => other.close(resolve));
    });
    const port = String((other.address() as AddressInfo).port);
    const { code, err } = await runCommand(service.dir, { ...settings(), PORT: port }, 'send', 'ping');
    expect(code).toBe(1);
    expect(err).toContain('[service_answer_unreadable]');
  });

  test('send refuses a file that is larger than GitHub’s largest', async () => {
    const file = join(await temporaryDirectory(), 'large.json');
    writeFileSync(file, Buffer.alloc(25 * 1024 * 1024 + 1, ' '));
    const { code, err } = await send('push', '--file', file);
    expect(code).toBe(2);
    expect(err).toContain('25 MB');
  });
});
