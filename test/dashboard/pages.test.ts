import { describe, expect, test } from 'vitest';
import type { Run } from '../../src/runs/run.ts';
import { startPages } from '../support/service/pages.ts';

const HOSTILE = '"><script>alert(1)</script><img src=//evil.example/x>\u202Egnp\u001b[31m{{csrf}}\u0000';
const SAFE =
  '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src&#x3D;//evil.example/x&gt;‹U+202E›gnp';

/** The page of the run, seen by somebody who is logged in. */
async function show(sight: Parameters<typeof startPages>[0] = {}, query = '') {
  const pages = await startPages(sight);
  await pages.browser.login();
  return { ...pages, ...(await pages.browser.get(`/runs/${pages.run.id}${query}`)) };
}

/** A run whose agent works. */
const LIVING: Partial<Run> = { state: 'running', outcome: null, reason: null, endedAt: null, exitCode: null };

/** What a page says, without its tags. */
const words = (html: string): string => html.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');

describe('the page of a run', () => {
  test('the page of a run tells how it went, why, what to do, who and what started it, and when', async () => {
    const { status, html } = await show({ event: { name: 'issue_comment', action: 'created' } });
    expect(status).toBe(200);
    expect(html).toContain('<html lang="en">');
    for (const said of [
      'The run failed.',
      'The agent ended with exit code 3.',
      'What to do: Read its last lines.',
      'agent_failed',
      'Thread octo/hello#7',
      'Started by octocat',
      'Event issue_comment, created',
      'Profile review/deep',
      'Attempts 1',
      'Queued 10 minutes ago 2030-01-01 11:50:00 UTC',
      'Started 9 minutes ago , after waiting 4 sec 2030-01-01 11:50:04 UTC',
      'Ended 7 minutes ago , after 2 min, 5 sec',
      'Exit code 3',
      'Tokens 1,234,567 in (1,000,000 cached), 4,321 out (99 reasoning)',
      'There is no output',
    ])
      expect(words(html)).toContain(said);
  });

  test('the page of a run that was tried again counts its waiting from when it was put back, and says when that was', async () => {
    const at = Date.parse('2030-01-01T11:50:00Z');
    const entry = (seconds: number, state: string, seq: number) => ({
      seq,
      at: at + seconds * 1000,
      kind: 'state',
      text: `now ${state}`,
      data: { state },
    });
    const { html } = await show({
      run: { attempt: 2, startedAt: at + 123_000 },
      timeline: [
        entry(0, 'queued', 1),
        entry(4, 'running', 2),
        entry(120, 'queued', 3),
        entry(123, 'running', 4),
      ],
    });
    expect(words(html)).toContain('Queued again 8 minutes ago 2030-01-01 11:52:00 UTC');
    expect(words(html)).toContain('after waiting 3 sec 2030-01-01 11:52:03 UTC');
  });

  test.each([
    ['issue_comment', 'issues/7'],
    ['pull_request_review_comment', 'pull/7'],
    ['discussion_comment', 'discussions/7'],
  ])('of %s links to the thread on GitHub, without telling where from', async (name, path) => {
    const { html } = await show({ event: { name, action: null } });
    const outside = [...html.matchAll(/<a href="(https?:[^"]+)" rel="([^"]+)"/g)].map(
      ([, ...found]) => found,
    );
    expect(outside).toEqual([
      [`https://github.example/octo/hello/${path}`, 'noreferrer nofollow'],
      ['https://github.example/octocat', 'noreferrer nofollow'],
    ]);
  });

  test('the page of a run shows what outside users and agents wrote as text, wherever it stands, and leads nowhere else', async () => {
    const run = {
      repository: `octo/${HOSTILE}`,
      actor: HOSTILE,
      profile: HOSTILE,
      deliveryId: HOSTILE,
      finalMessage: HOSTILE,
      reason: { code: 'start_failed', message: HOSTILE, hint: HOSTILE },
    };
    const { html, browser } = await show({
      run,
      event: { name: HOSTILE, action: HOSTILE },
      timeline: [{ seq: 1, at: 0, kind: HOSTILE, text: HOSTILE, data: {} }],
      log: { entries: [{ stream: HOSTILE, text: HOSTILE }], isWhole: true },
    });
    const list = (await browser.get('/runs')).html;
    for (const page of [html, list]) {
      expect(page).not.toMatch(/<script|<img|javascript:|\u202e|(?!\n)\p{Cc}/iu);
      expect(page).not.toMatch(/(?:href|src|action)="(?!\/(runs|login|logout))/);
      expect(page).not.toMatch(/\son\w+=/);
    }
    expect(html.split(SAFE).length - 1).toBe(12);
    expect(list.split(SAFE).length - 1).toBe(3);
    expect(html).toContain('{{csrf}}');
  });

  test('the page of a run has the end of the output as lines, however they came in parts, and says that it is the end', async () => {
    const entries = [
      ...Array.from({ length: 500 }, (_, index) => ({ stream: 'stdout', text: `line ${index}` })),
      { stream: 'stdout', text: 'one ', part: true as const },
      { stream: 'stderr', text: 'between' },
      { stream: 'stdout', text: 'line\rand more' },
    ];
    const { html } = await show({ log: { entries, isWhole: false } });
    expect(html).not.toContain('line 101<');
    expect(html).toContain('<span class="stdout">line 102</span>');
    expect(html).toContain(
      '<span class="stdout">one line\nand more</span>\n<span class="stderr">between</span>',
    );
    expect(words(html)).toContain('Only the end is shown');
  });

  test('the page of a run leads to the output of each attempt, and says when it is not the last', async () => {
    const { html, browser, run, asked } = await show({ run: { attempt: 3 } }, '?attempt=2');
    expect(asked).toEqual([2]);
    expect(words(html)).toContain('Output of attempt 2');
    expect(html).toContain(`<a href="/runs/${run.id}?attempt=1#output">1</a>`);
    expect(html).toContain('<strong aria-current="page">2</strong>');
    for (const attempt of ['0', '4', '-1', 'x', '1&attempt=2', '%F0%9F%98%80']) {
      const wrong = await browser.get(`/runs/${run.id}?attempt=${attempt}`);
      expect([wrong.status, wrong.html.includes('attempt_unknown')]).toEqual([404, true]);
    }
  });

  test('the page of a run of a living run loads itself anew and may call it off; standing still it takes a reason', async () => {
    const { html, browser, run } = await show({ run: LIVING });
    expect(html).toContain('<meta http-equiv="refresh" content="5">');
    expect(html).toContain(`action="/runs/${run.id}/cancel"`);
    expect(html).not.toContain('name="reason"');
    expect(html).not.toContain('/retry"');
    const still = await browser.get(`/runs/${run.id}?still=1`);
    expect(still.html).not.toContain('http-equiv="refresh"');
    expect(still.html).toContain('name="reason"');
  });

  test('the page of a run of one that is being called off says so, and of one that has ended may try again', async () => {
    const off = await show({ run: { ...LIVING, cancelReason: 'too slow' } });
    expect(words(off.html)).toContain('The run is being cancelled: too slow');
    expect(off.html).not.toContain('/cancel"');
    const ended = await show();
    expect(ended.html).not.toContain('http-equiv="refresh"');
    expect(ended.html).toContain(`action="/runs/${ended.run.id}/retry"`);
  });

  test('the page of a run keeps the newest two hundred lines of a long timeline', async () => {
    const timeline = Array.from({ length: 250 }, (_, seq) => ({
      seq,
      at: seq,
      kind: 'x',
      text: `#${seq}.`,
      data: {},
    }));
    const { html } = await show({ timeline });
    expect(words(html)).toContain('50 earlier lines are not shown');
    expect(html).not.toContain('#49.');
    expect(html).toContain('#249.');
  });

  test('the page of a run is ready in a moment, whatever an agent printed', async () => {
    const odd = ['\u001b[', '\u001b]', '\u202e', '\r', '<', '\ud800', '&#', '\u001b]8;;'];
    const entries = odd.map((sign) => ({ stream: 'stdout', text: sign.repeat(32_000 / sign.length) }));
    const before = performance.now();
    const { status, html } = await show({
      run: { finalMessage: '\u001b]8;;'.repeat(20_000) },
      log: { entries, isWhole: true },
    });
    expect(status).toBe(200);
    expect(html.isWellFormed()).toBe(true);
    expect(performance.now() - before).toBeLessThan(3_000);
  });
});

describe('the pages', () => {
  test('list the newest runs, and begin there', async () => {
    const { browser, run } = await startPages();
    expect((await browser.get('/')).at).toBe('/runs');
    await browser.login();
    const { html } = await browser.get('/runs');
    expect(html).toContain(`<a href="/runs/${run.id}"><bdi>octo/hello#7</bdi></a>`);
    expect(words(html)).toContain(
      'failed agent_failed profile review/deep , started by octocat , 10 minutes ago',
    );
  });

  test.each(['/runs/none', '/runs/none/more', '/runs/%00', '/runs/%ff', '/login/x'])(
    'say that there is nothing at %s',
    async (path) => {
      const { browser } = await startPages();
      await browser.login();
      const { status, html } = await browser.get(path);
      expect(status).toBe(path === '/runs/%ff' ? 400 : 404);
      expect(html).toMatch(/run_unknown|page_unknown|request_invalid/);
      expect(html).toContain('<a href="/runs">');
    },
  );

  test('the pages tell nobody who is not logged in whether a run is there', async () => {
    const { browser, run } = await startPages();
    const [there, missing] = [await browser.get(`/runs/${run.id}`), await browser.get('/runs/none')];
    expect([there.status, missing.status]).toEqual([303, 303]);
  });

  test('the pages are not kept, framed or sniffed, run nothing, and send forms only here', async () => {
    const { headers, browser } = await show();
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const style = await browser.get('/runs/style.css');
    expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(style.html).not.toMatch(/url\(|@import/);
  });
});
