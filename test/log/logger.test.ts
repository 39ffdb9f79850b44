import { describe, expect, test } from 'vitest';
import { type Blame, FlowError, IssuesError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { createLogger } from '../../src/log/logger.ts';
import { readableLine } from '../../src/log/readable.ts';
import { createRedactor } from '../../src/log/redact.ts';

const TOKEN = 'github_pat_11ABCDEFG0"\\\n\u00e9ghij';

/** A logger whose lines are kept, knowing TOKEN. */
function kept(level = 'info') {
  const lines: string[] = [];
  const redactor = createRedactor();
  redactor.add(TOKEN);
  const log = createLogger({ level, redactor, destination: { write: (line) => void lines.push(line) } });
  return { log, lines, redactor, last: () => JSON.parse(lines.at(-1) ?? '') };
}

const issue = (cause?: unknown, blame: Blame = 'service') =>
  new FlowError({ code: 'mount_denied', blame, message: 'No.', hint: 'Remove it.', cause });

describe('the log', () => {
  test('each line is one JSON object with a level in words and a time', () => {
    const { log, lines, last } = kept();
    log.info({ run: 'r1' }, 'two\nlines \u001b[31m');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{[^\n]*\}\n$/);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      run: 'r1',
      msg: 'two\nlines \u001b[31m',
    });
  });

  test('lines below the level are not written', () => {
    const { log, lines } = kept('warn');
    log.info('quiet');
    log.warn('loud');
    expect(lines).toHaveLength(1);
  });

  test('an expected refusal has no stack, and one that nobody expects has', () => {
    const { log, last } = kept();
    const system = Object.assign(new Error('gone'), { code: 'ENOENT' });
    log.warn({ err: issue(system, 'profile') }, 'refused');
    expect(last().err).toEqual({
      code: 'mount_denied',
      message: 'No.',
      hint: 'Remove it.',
      cause: { code: 'ENOENT', message: 'gone' },
    });
    log.error({ err: new TypeError('x is not a function') }, 'failed');
    expect(last().err.stack).toContain('logger.test.ts');
  });

  test('a line is text for people at a terminal, of one line but for its error', () => {
    const { log, lines } = kept();
    log.warn(
      { run: 'r1', tries: 2, err: issue(undefined, 'github') },
      'a run\u001b[31m failed\nbefore its agent started',
    );
    expect(readableLine(lines[0] ?? '')).toMatch(
      /^\d\d:\d\d:\d\d WARN {2}a run failed before its agent started run=r1 tries=2\n {2}No\. \[mount_denied\]\n {2}→ Remove it\.\n$/,
    );
    expect(readableLine('no JSON\n')).toBe('no JSON\n');
  });

  test('problems among the fields of a line stand below it at a terminal, each with its place and hint', () => {
    const { log, lines } = kept();
    const problems = [{ code: 'a_b', message: 'M.', hint: 'D.', file: 'f', path: '/p' }];
    log.warn({ warnings: problems, count: 1 }, 'warned');
    log.warn({ source: 's', code: 'c_d', message: 'Away.', hint: 'Wait.' }, 'not looked at');
    log.warn({ cause: problems[0], tries: 2 }, 'tried again');
    log.error({ err: new IssuesError({ ...issue().toProblem(), blame: 'profile' }, problems) }, 'invalid');
    expect(lines.map((line) => readableLine(line).replace(/^\S+ /, ''))).toEqual([
      'WARN  warned count=1\n  f /p: M. [a_b]\n  → D.\n',
      'WARN  not looked at source=s\n  Away. [c_d]\n  → Wait.\n',
      'WARN  tried again tries=2\n  f /p: M. [a_b]\n  → D.\n',
      'ERROR invalid\n  No. [mount_denied]\n  → Remove it.\n  f /p: M. [a_b]\n  → D.\n',
    ]);
  });

  test('an error is reported by code, message, hint and stack, and so are its causes', () => {
    const { log, last } = kept();
    const system = Object.assign(new Error('gone'), { code: 'ENOENT' });
    log.error({ err: issue(new TypeError('deeper', { cause: system })) }, 'failed');
    expect(last().err).toMatchObject({
      code: 'mount_denied',
      message: 'No.',
      hint: 'Remove it.',
      stack: expect.stringContaining('logger.test.ts'),
      cause: { code: 'TypeError', message: 'deeper', cause: { code: 'ENOENT', message: 'gone' } },
    });
    log.error(issue());
    expect(last()).toMatchObject({ err: { code: 'mount_denied' }, msg: 'No.' });
    const issues = [{ code: 'a_b', message: 'm', hint: 'd', file: 'f' }];
    log.error({ error: new IssuesError({ ...issue().toProblem(), blame: 'profile' }, issues) });
    expect(last().error.issues).toEqual(issues);
    log.error({ err: 'only a text' });
    expect(last().err).toBe('only a text');
  });

  test('causes that go round in a circle are reported a few times only', () => {
    const { log, last } = kept();
    const error = new Error('again');
    error.cause = error;
    log.error({ err: error }, 'failed');
    expect(JSON.stringify(last()).match(/"again"/g)?.length).toBe(6);
  });
});

describe('secrets in the log', () => {
  test('a Secret prints as [secret] wherever it stands', () => {
    const { log, lines } = kept();
    const secret = new Secret('hidden-value-1');
    log.info({ secret, list: [{ secret }], err: secret }, 'told');
    log.info('%s and %j and %o', secret, { secret }, secret);
    log.info(secret as unknown as object);
    log.child({ secret }).info('told');
    expect(lines.join('')).not.toContain('hidden-value-1');
    expect(lines[0]?.match(/\[secret\]/g)).toHaveLength(3);
  });

  test('a value that was handed out survives nowhere in a line', () => {
    const { log, lines } = kept();
    const encoded = encodeURIComponent(TOKEN);
    const base64 = Buffer.from(`x-access-token:${TOKEN}`).toString('base64');
    log.info({ deep: { er: [{ token: TOKEN }] }, [TOKEN]: 1 }, `token ${TOKEN}`);
    log.info({ json: JSON.stringify({ inner: JSON.stringify(TOKEN) }) });
    log.info({ url: `https://example.test/?t=${encoded}`, header: `Basic ${base64}` });
    log.error({ err: issue(new Error(`bad ${TOKEN}`, { cause: new Error(TOKEN) })) });
    log.child({ bound: TOKEN }).info('%s', TOKEN);
    log.info({ map: new Error(TOKEN), when: Buffer.from(TOKEN) });
    for (const line of lines.slice(0, -1)) {
      expect(line).toContain('[masked]');
      expect(line).not.toMatch(/github_pat|Z2l0aHViX3Bh|dGh1Yl9wYX/);
      expect(() => JSON.parse(line)).not.toThrow();
    }
    expect(lines.join('')).not.toContain('ABCDEFG0');
  });

  test('a secret that begins like an escape leaves a line of JSON', () => {
    const { log, lines, redactor } = kept();
    redactor.add('nsecret-value');
    log.info('first\nsecret-value');
    expect(lines[0]).not.toContain('secret-value');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      line: expect.stringContaining('[masked]'),
    });
  });

  test('circles, big integers and very deep objects do not stop the log', () => {
    const { log, lines } = kept();
    const circle: Record<string, unknown> = { token: TOKEN, big: 1n };
    circle.self = circle;
    let deep: unknown = TOKEN;
    for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
    log.info({ circle });
    log.info({ deep });
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('ABCDEFG0');
  });
});
