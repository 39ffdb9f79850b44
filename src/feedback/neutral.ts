/** Takes no room and breaks a word for whoever looks for one: https://www.unicode.org/charts/PDF/U2000.pdf */
const JOINER = '\u2060';

/**
 * Text of others that can be shown on GitHub without doing anything there: it mentions nobody, starts no command,
 * is no HTML (comments, images and their like among it), and loads no picture, which would tell a stranger's server
 * that it was read. Written with character references it stays as harmless. Doing it again changes nothing.
 */
export function neutral(text: string): string {
  return text
    .replaceAll(/@(?=[\w-])/g, `@${JOINER}`)
    .replaceAll(/&(?=#|commat;)/gi, `&${JOINER}`)
    .replaceAll(/<(?=[a-z!/?])/gi, `<${JOINER}`)
    .replaceAll('![', `!${JOINER}[`)
    .replaceAll(/^([^\S\r\n]*(?:[>*+-][^\S\r\n]*)*)\//gm, `$1${JOINER}/`);
}

/** Text as a quotation in Markdown. */
export function quote(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

/** The first `limit` characters, never half of one, with `mark` behind them when something is missing. */
export function cut(text: string, limit: number, mark: (missing: number) => string): string {
  if (text.length <= limit) return text;
  const code = text.charCodeAt(limit - 1);
  const end = code >= 0xd800 && code <= 0xdbff ? limit - 1 : limit;
  return `${text.slice(0, end)}${mark(text.length - end)}`;
}
