import { RE2JS } from 're2js';

/** Whether a path of a repository is what a pattern means. */
export type PathPattern = (path: string) => boolean;

/**
 * Reads a pattern of paths from the root of a repository: `*` and `?` stand for anything within one name, `**` for any
 * number of names; a pattern that ends in `/` means everything below. It is matched in linear time, because agents
 * choose the paths. `folded` takes paths that differ in case or Unicode form only, as some file systems do.
 */
export function pathPattern(text: string, folded: boolean): PathPattern {
  const whole = text.endsWith('/') ? `${text}**` : text;
  const expression = RE2JS.compile(`(?s)${expressionOf(folded ? fold(whole) : whole)}`);
  return (path) => expression.matches(folded ? fold(path) : path);
}

function expressionOf(pattern: string): string {
  return pattern
    .replace(/^\.?\//, '')
    .split('/')
    .map((name, at, names) => {
      const isLast = at === names.length - 1;
      if (name === '**') return isLast ? '.*' : '(?:[^/]+/)*';
      return `${[...name].map(oneCharacter).join('')}${isLast ? '' : '/'}`;
    })
    .join('');
}

function oneCharacter(character: string): string {
  if (character === '*') return '[^/]*';
  if (character === '?') return '[^/]';
  return RE2JS.quote(character);
}

function fold(path: string): string {
  return path.normalize('NFKC').toLowerCase();
}
