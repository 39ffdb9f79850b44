import { createHmac } from 'node:crypto';
import { MARK } from './words.ts';

/**
 * The seals on our marks, which nobody makes without the service's key: each is of one comment's very text, so that a
 * seal that somebody copied and wrote other words under is none.
 */
export type Marks = {
  /** Seals the mark that a text begins with. */
  seal(text: string): string;
  /** Whether a text begins with a mark that was sealed over it; one of this name (`run:<id>`) when it is given. */
  isSealed(text: string, name?: string): boolean;
};

const SEALED = /^\s*<!-- github-flows:(\S+) ([\w-]{32}) -->/;
const UNSEALED = /^<!-- github-flows:(\S+) -->/;

/** Seals with one key, which is the installation's for ever. */
export function createMarks(key: string): Marks {
  const sealOf = (name: string, rest: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([name, steady(rest)]))
      .digest('base64url')
      .slice(0, 32);
  return {
    seal: (text) =>
      text.replace(UNSEALED, (mark, name: string) => {
        return `${MARK}${name} ${sealOf(name, text.slice(mark.length))} -->`;
      }),
    isSealed(text, wanted) {
      const [mark, name = '', seal] = SEALED.exec(text) ?? [];
      if (mark === undefined || (wanted !== undefined && wanted !== name)) return false;
      return seal === sealOf(name, text.slice(mark.length));
    },
  };
}

/** GitHub may store other line ends and blanks than it was given. */
function steady(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
