import { describe, expect, test } from 'vitest';
import { SESSION_MS } from '../../src/dashboard/sessions.ts';
import { startPages } from '../support/service/pages.ts';

describe('the login', () => {
  test('the login leads to the page that was asked for, with a cookie that neither scripts nor other sites can use', async () => {
    const { browser, run } = await startPages();
    const asked = await browser.get(`/runs/${run.id}?attempt=1`);
    expect([asked.status, asked.at]).toEqual([303, `/login?next=%2Fruns%2F${run.id}%3Fattempt%3D1`]);
    const form = await browser.get(asked.at ?? '');
    expect(form.html).toContain(`name="next" value="/runs/${run.id}?attempt&#x3D;1"`);
    const done = await browser.login(undefined, `/runs/${run.id}?attempt=1`);
    expect([done.status, done.at]).toEqual([303, `/runs/${run.id}?attempt=1`]);
    const [cookie = ''] = done.headers.getSetCookie();
    expect(cookie).toMatch(/^github_flows_session=[0-9a-z]{52};/);
    expect(cookie.split('; ')).toEqual(
      expect.arrayContaining(['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']),
    );
    expect(cookie).not.toContain('Secure');
    expect((await browser.get(done.at ?? '')).status).toBe(200);
    expect((await browser.get('/login')).at).toBe('/runs');
  });

  test('the login sends the cookie over TLS alone where the pages are reached by TLS', async () => {
    const { browser } = await startPages({ isSecure: true });
    expect((await browser.login()).headers.get('set-cookie')).toContain('; Secure');
    const plain = await startPages();
    const proxied = { token: 'wrong' };
    const over = await plain.browser.post('/login', proxied, { 'x-forwarded-proto': 'https' });
    expect(over.status).toBe(401);
    const { login } = plain.browser;
    expect((await login()).headers.get('set-cookie')).not.toContain('Secure');
  });

  test.each([
    '//evil.example',
    'https://evil.example/runs',
    '/\\evil.example',
    '/runs/../apps/new',
    '/runs/%0d%0aset-cookie:x',
    '/runs?x=//evil.example',
    '/logout',
    '',
  ])('never leads out: next=%j ends on the list of runs', async (next) => {
    const { browser } = await startPages();
    const form = await browser.get(`/login?next=${encodeURIComponent(next)}`);
    expect(form.html).toContain('name="next" value="/runs"');
    expect((await browser.login(undefined, next)).at).toBe('/runs');
  });

  test('the login refuses a wrong token in words, gives no cookie, and closes to that address alone after ten', async () => {
    const { browser } = await startPages();
    const from = { 'x-forwarded-for': '203.0.113.7' };
    for (let time = 0; time < 10; time += 1) {
      const wrong = await browser.post('/login', { token: 'no', next: '/runs' }, from);
      expect(wrong.status).toBe(401);
      expect(wrong.html).toContain('role="alert"');
      expect(wrong.headers.get('set-cookie')).toBeNull();
    }
    const right = { token: 'a-token-of-this-test-0123456789-abcdef', next: '/runs' };
    const closed = await browser.post('/login', right, from);
    expect([closed.status, closed.headers.get('retry-after')]).toEqual([429, '6']);
    expect((await browser.login()).status).toBe(303);
  });

  test('the login ends after twelve hours, on logout, and when somebody logs in anew', async () => {
    const { browser, clock } = await startPages();
    await browser.login();
    const first = browser.cookie;
    await browser.login();
    expect(browser.cookie).not.toBe(first);
    const second = browser.cookie;
    browser.cookie = first;
    expect((await browser.get('/runs')).status).toBe(303);
    browser.cookie = second;
    clock.time += SESSION_MS - 1;
    const csrf = await browser.csrf();
    expect(csrf).toMatch(/^\w{52}$/);
    clock.time += 1;
    expect((await browser.get('/runs')).status).toBe(303);
    await browser.login();
    const third = browser.cookie;
    const out = await browser.post('/logout', { csrf: await browser.csrf() });
    expect([out.status, out.at]).toEqual([303, '/login']);
    browser.cookie = third;
    expect((await browser.get('/runs')).status).toBe(303);
  });

  test('made-up and doubled cookies are nobody', async () => {
    const { browser } = await startPages();
    for (const cookie of ['github_flows_session=', `github_flows_session=${'a'.repeat(52)}`, '=;;=', 'x']) {
      browser.cookie = cookie;
      expect((await browser.get('/runs')).status).toBe(303);
    }
  });

  test('a link on another site, which comes without the cookie, leads on by a page of ours', async () => {
    const { browser, run } = await startPages();
    const led = await browser.get(`/runs/${run.id}`, { 'sec-fetch-site': 'cross-site' });
    expect(led.status).toBe(200);
    const to = /http-equiv="refresh" content="0; url&#x3D;([^"]+)"/.exec(led.html)?.[1];
    expect(to?.replaceAll('&#x3D;', '=')).toBe(`/login?next=%2Fruns%2F${run.id}`);
    expect(led.html).not.toContain('The run failed');
    await browser.login();
    expect((await browser.get(`/login?next=%2Fruns%2F${run.id}`)).at).toBe(`/runs/${run.id}`);
  });

  test('behind an address with a path all ways have it before them', async () => {
    const { browser, run } = await startPages({ base: '/flows' });
    expect((await browser.get('/runs')).at).toBe('/flows/login?next=%2Fruns');
    expect((await browser.login()).at).toBe('/flows/runs');
    const { html } = await browser.get(`/runs/${run.id}`);
    const ways = [...html.matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, way]) => way);
    expect(ways.length).toBeGreaterThan(3);
    expect(ways.filter((way) => !way?.startsWith('/flows/'))).toEqual([]);
  });
});

describe('forms', () => {
  test('forms without the token of this login do nothing', async () => {
    const { browser, run, done } = await startPages();
    await browser.login();
    const mine = await browser.csrf();
    const others = await startPages();
    await others.browser.login();
    const foreign = await others.browser.csrf();
    for (const fields of [
      {},
      { csrf: '' },
      { csrf: foreign },
      { csrf: `${mine}x` },
      { csrf: mine.slice(1) },
    ]) {
      for (const act of ['cancel', 'retry']) {
        const refused = await browser.post(`/runs/${run.id}/${act}`, fields as Record<string, string>);
        expect(refused.status).toBe(403);
        expect(refused.html).toContain('form_not_ours');
      }
      expect((await browser.post('/logout', fields as Record<string, string>)).status).toBe(403);
    }
    expect(done).toEqual([]);
    expect((await browser.get('/runs')).status).toBe(200);
  });

  test('forms without a login lead to it, and do nothing', async () => {
    const { browser, run, done } = await startPages();
    const sent = await browser.post(`/runs/${run.id}/cancel`, { reason: 'x' });
    expect([sent.status, sent.at]).toEqual([303, `/login?next=%2Fruns%2F${run.id}`]);
    expect(done).toEqual([]);
  });

  test('from another site are no login', async () => {
    const { browser } = await startPages();
    const sent = await browser.post('/login', { token: 'x' }, { 'sec-fetch-site': 'cross-site' });
    expect(sent.status).toBe(403);
  });

  test('hand over the reason, and a usual one when there is none; then the page is shown', async () => {
    const { browser, run, done } = await startPages();
    await browser.login();
    const csrf = await browser.csrf();
    const sent = await browser.post(`/runs/${run.id}/cancel`, { csrf, reason: ' too\nslow ' });
    expect([sent.status, sent.at]).toEqual([303, `/runs/${run.id}`]);
    await browser.post(`/runs/${run.id}/retry`, { csrf, reason: '' });
    await browser.post(`/runs/${run.id}/retry`, { csrf, reason: 'y'.repeat(900) });
    expect(done).toEqual([
      ['cancel', run.id, 'too slow'],
      ['retry', run.id, 'an operator asked for it'],
      ['retry', run.id, 'y'.repeat(500)],
    ]);
  });

  test('too large or of a run that is not there are refused on a page', async () => {
    const { browser, run, done } = await startPages();
    await browser.login();
    const csrf = await browser.csrf();
    const large = await browser.post(`/runs/${run.id}/retry`, { csrf, reason: 'y'.repeat(200_000) });
    expect([large.status, large.html.includes('request_invalid')]).toEqual([400, true]);
    const unknown = await browser.post('/runs/none/retry', { csrf });
    expect([unknown.status, unknown.html.includes('run_unknown')]).toEqual([404, true]);
    expect(done).toEqual([]);
  });
});
