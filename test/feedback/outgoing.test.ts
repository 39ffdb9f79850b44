import { describe, expect, test } from 'vitest';
import { fitInto, prepareText, shorten } from '../../src/feedback/outgoing.ts';
import { isWithin, readMarkdown } from '../../src/text/markdown.ts';

const asIs = (text: string): string => text;

describe('a text of others with ours behind it', () => {
  test.each([
    '```ts\nconst a = 1;',
    '<pre>\n```\ncode',
    '<!-- \n```\ncode',
    '<div>\n~~~~\n~~~\ncode',
    '<script>\n```\na\n```\n\n```\nb',
    '<?php\n```',
    '<![CDATA[\n``` x',
    '- a\n\n  ```\n  b',
    '> ```\n> b',
  ])('leaves ours outside of its code: %j', (text) => {
    const body = `${fitInto(shorten(prepareText(text, asIs), 60_000), 60_000)}\n\nCloses #7`;
    const { code, html } = readMarkdown(body);
    expect(isWithin([...code, ...html], body.lastIndexOf('Closes'))).toBe(false);
  });
});
