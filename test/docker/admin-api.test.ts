import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { askAdmin } from '../support/service/admin-client.ts';
import { createBrowser } from '../support/service/pages.ts';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../support/service/service.ts';

let service: TestService;
let run: Run;
const ask = async (path: string, body?: unknown) =>
  await askAdmin(
    { adminUrl: service.app.adminUrl, secretsDir: service.config.secretsDir },
    `/api${path}`,
    body,
  );

beforeAll(async () => {
  const command =
    'cat /run/github-flows/prompt.md; echo hello; grep -q long /run/github-flows/event.json && sleep 60; exit 3';
  service = await startService({
    profiles: { 'hello/profile.json': shellProfile(command) },
    env: { PUBLIC_URL: 'https://flows.example.org' },
  });
  run = await service.run();
});
afterAll(async () => await service.close());

test('runs are listed and shown as the command line shows them', async () => {
  expect((await ask('/runs?limit=1')).json).toMatchObject([
    { id: run.id, state: 'ended', outcome: 'failed', reason: 'agent_failed', deliveryId: run.deliveryId },
  ]);
  expect((await ask(`/runs/${run.id}`)).json).toMatchObject({
    id: run.id,
    exitCode: 3,
    reasonDetail: { code: 'agent_failed' },
  });
  expect(await ask('/runs/none')).toMatchObject({ status: 404, code: 'run_unknown' });
  expect(await ask('/runs?limit=0')).toMatchObject({ status: 400, code: 'request_invalid' });
  expect(await ask('/runs?limt=1')).toMatchObject({ status: 400, code: 'request_unknown_parameter' });
});

test('a log is JSON lines, and can be followed while the run goes on until it is called off', async () => {
  const { text } = await ask(`/runs/${run.id}/log`);
  expect(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).text),
  ).toContain('hello');
  expect((await ask('/runs/none/log')).code).toBe('run_unknown');
  const { id } = await service.deliver(commentPayload('a long one'));
  const living = await until('its run prints', async () => {
    const found = (await service.app.deliveries.find(id))?.decision?.runId;
    return found && service.output(found).includes('hello') ? found : undefined;
  });
  const following = ask(`/runs/${living}/log?follow=true`);
  expect((await ask(`/runs/${living}/retry`, {})).code).toBe('run_not_ended');
  expect((await ask(`/runs/${living}/cancel`, { reason: 7 })).code).toBe('request_invalid');
  expect(await ask(`/runs/${living}/cancel`, { resaon: 'nobody needs it' })).toMatchObject({
    status: 400,
    code: 'request_unknown_parameter',
    text: expect.stringContaining('the nearest that it takes is reason'),
  });
  expect((await ask(`/runs/${living}/retry?force=1`, {})).code).toBe('request_unknown_parameter');
  expect((await ask(`/runs/${living}/cancel`, ['reason'])).code).toBe('request_invalid');
  const asked = await ask(`/runs/${living}/cancel`, { reason: 'nobody needs it' });
  expect(asked).toMatchObject({ status: 200, json: { status: 'requested' } });
  const ended = await service.ended(living);
  expect(ended).toMatchObject({ outcome: 'cancelled', cancelReason: 'nobody needs it' });
  expect((await following).text).toContain('hello');
  expect(await ask(`/runs/${living}/cancel`, {})).toMatchObject({ status: 409, code: 'run_already_ended' });
});

test('a run is tried again', async () => {
  expect(await ask(`/runs/${run.id}/retry`, { reason: 'once more' })).toMatchObject({ status: 200 });
  await until('its second attempt ended', async () => {
    const found = await service.app.runs.find(run.id);
    return found?.state === 'ended' && found.attempt === 2 ? true : undefined;
  });
});

test('deliveries are listed, shown, and decided anew when they became no run', async () => {
  const { id } = await service.deliver(commentPayload('x', { repository: 'octo/other' }));
  const decided = async () => {
    const found = await service.app.deliveries.find(id);
    return found?.decision ? true : undefined;
  };
  await until('it was decided', decided);
  expect((await ask(`/deliveries/${id}`)).json).toMatchObject({ id, decision: 'no_run' });
  expect((await ask(`/deliveries/${id}/replay`, {})).status).toBe(200);
  await until('it was decided anew', decided);
  expect((await ask(`/deliveries/${run.deliveryId}/replay`, {})).code).toBe('delivery_has_run');
  expect((await ask('/deliveries/none/replay', {})).code).toBe('delivery_unknown');
  expect((await ask('/deliveries')).json).toHaveLength(3);
});

test('the page of a run shows it, calls it off and tries it again', async () => {
  const browser = createBrowser(service.app.adminUrl);
  const token = readFileSync(join(service.config.secretsDir, 'service/admin-token'), 'utf8').trim();
  const given = await browser.login(token);
  expect(given.headers.get('set-cookie')).toContain('; Secure');
  const { id: delivery } = await service.deliver(commentPayload('a long one <b>here</b>'));
  const id = await until('its run prints', async () => {
    const found = (await service.app.deliveries.find(delivery))?.decision?.runId;
    return found && service.output(found).includes('hello') ? found : undefined;
  });
  const { html } = await browser.get(`/runs/${id}`);
  expect(html).toContain('<span class="stdout">hello</span>');
  expect(html).toContain('issue_comment, created');
  expect(html).toContain('http-equiv="refresh"');
  const csrf = await browser.csrf();
  expect((await browser.post(`/runs/${id}/retry`, { csrf })).html).toContain('run_not_ended');
  const asked = await browser.post(`/runs/${id}/cancel`, { csrf, reason: 'nobody needs it' });
  expect(asked.at).toBe(`/runs/${id}`);
  expect(await service.ended(id)).toMatchObject({ outcome: 'cancelled', cancelReason: 'nobody needs it' });
  expect((await browser.get(`/runs/${id}`)).html).toContain('The run was cancelled.');
  const late = await browser.post(`/runs/${id}/cancel`, { csrf });
  expect([late.status, late.html.includes('run_already_ended')]).toEqual([409, true]);
  await browser.post(`/runs/${id}/retry`, { csrf, reason: 'once more' });
  expect((await service.app.runs.find(id))?.state).not.toBe('ended');
  expect((await browser.get(`/runs/${id}`)).html).toContain('Requeued: once more');
  await browser.post(`/runs/${id}/cancel`, { csrf });
  await service.ended(id);
  expect((await browser.get('/runs')).html).toContain(`href="/runs/${id}"`);
});

test('workers are listed and drained, and maintenance tells what it did', async () => {
  const [worker] = (await ask('/workers')).json as { id: string; state: string }[];
  expect(worker?.state).toBe('working');
  expect((await ask('/workers/none/drain', {})).code).toBe('worker_unknown');
  expect((await ask(`/workers/${worker?.id}/drain`, {})).json).toMatchObject({ draining: true });
  expect((await ask('/maintenance')).json).toMatchObject({
    disk: { pressure: 'none' },
    removed: { bodies: { count: 0 } },
    redelivery: null,
  });
});

test('the service is ready, and says by what', async () => {
  const response = await fetch(`${service.app.adminUrl}/readyz`);
  const { checks } = (await response.json()) as { checks: { name: string; ready: boolean }[] };
  expect(response.status).toBe(200);
  expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['database', 'engine', 'disk']));
});
