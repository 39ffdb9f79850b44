import { createHmac } from 'node:crypto';

/** How each of our comments begins. Anybody can write this; only the service can write the seal behind it. */
const MARK = '<!-- github-flows:';

/** Marks our one comment about a run, so that it is found again, and that it starts no run. */
export function commentMark(runId: string): string {
  return `${MARK}run:${runId} -->`;
}

/** Marks our one comment about a refusal on a thread. */
export function refusalMark(code: string): string {
  return `${MARK}refusal:${code} -->`;
}

/** What a mark names: `run:<id>`, `refusal:<code>`. */
export function markName(mark: string): string {
  return mark.slice(MARK.length).replace(/ -->$/, '');
}

/** The comment or review of an event that begins with one of our marks, which may be anybody's; a quotation of one does not count. */
export function markedWriting(event: {
  payload: Readonly<Record<string, unknown>>;
}): { id: number; body: string } | undefined {
  const { comment, review } = event.payload;
  for (const each of [comment, review]) {
    const { id, body } = (each ?? {}) as { id?: unknown; body?: unknown };
    if (typeof body === 'string' && body.trimStart().startsWith(MARK)) return { id: Number(id), body };
  }
  return undefined;
}

/**
 * The seals on our marks, made with the service's key over the exact text of one comment: a copied seal above another
 * text is invalid.
 */
export type Marks = {
  /** Seals the mark that a text begins with. */
  seal(text: string): string;
  /** Whether a text begins with a mark that was sealed over it; one of this name (`run:<id>`) when it is given. */
  isSealed(text: string, name?: string): boolean;
};

const SEALED = /^\s*<!-- github-flows:(\S+) ([\w-]{32}) -->/;
const UNSEALED = /^<!-- github-flows:(\S+) -->/;

/** Seals with the key of the installation, which never changes. */
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

/** Ignores differences in white space, because GitHub may store other line ends and blanks than it was given. */
function steady(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
