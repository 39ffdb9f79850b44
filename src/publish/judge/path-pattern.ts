import { RE2JS } from 're2js';

/** Whether a path of a repository is what a pattern means. */
type ChangePattern = (path: string) => boolean;

/**
 * Reads a pattern of paths from the root of a repository: `*` and `?` stand for anything within one name, `**` for any
 * number of names; a pattern that ends in `/` means everything below. It is matched in linear time, because agents
 * choose the paths. `folded` takes paths that differ in case or Unicode form only, as some file systems do.
 */
export function changePattern(text: string, folded: boolean): ChangePattern {
  const whole = text.endsWith('/') ? `${text}**` : text;
  const expression = RE2JS.compile(`(?s)${expressionOf(folded ? foldPath(whole) : whole)}`);
  return (path) => expression.matches(folded ? foldPath(path) : path);
}

/** The patterns of the folders that a pattern leads through, as far as it names them: of `a/b/**`, `a` and `a/b`. */
export function foldersOf(text: string): string[] {
  const names = text.replace(/^\.?\//, '').split('/');
  const any = names.indexOf('**');
  const folders = names.slice(0, any === -1 ? -1 : any);
  return folders.map((_, at) => folders.slice(0, at + 1).join('/'));
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

/** A path as file systems see it that ignore case and Unicode form. */
export function foldPath(path: string): string {
  return path.normalize('NFKC').toLowerCase();
}
