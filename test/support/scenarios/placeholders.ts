/** What is different each time, and what it is called instead. */
export type Names = {
  runs: readonly string[];
  deliveries: readonly string[];
  commits: ReadonlyMap<string, string>;
};

/** `value` without the seals of our marks, and with ids, commits, times, the marks of fences and a run's first two states put into words that stay. */
export function steady<T>(value: T, { runs, deliveries, commits }: Names): T {
  let text = JSON.stringify(value);
  for (const [index, id] of runs.entries()) text = text.replaceAll(id, `<run ${index + 1}>`);
  for (const [index, id] of deliveries.entries()) text = text.replaceAll(id, `<delivery ${index + 1}>`);
  const steadied = text
    .replaceAll(/\b[0-9a-f]{40}\b/g, (sha) => commits.get(sha) ?? '<commit>')
    .replaceAll(/(?<=<!-- github-flows:(?:<run \d+>|[^ ])+) [\w-]{32}(?= -->)/g, '')
    .replaceAll(/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replaceAll(/(?<=\bthe mark |<\/?untrusted )\w{26}\b/g, '<mark>')
    .replaceAll(/\bafter \d+ sec\b/g, 'after <some> s')
    .replaceAll(
      /The run (?:waits for its turn|is being prepared)\./g,
      '<The run waits, or is being prepared.>',
    );
  return JSON.parse(steadied) as T;
}

type Asked = { method: string; path: string; body?: unknown };

/**
 * What was written, in its order, and then what was read, by its path: reads are made beside everything else, so that
 * their place among the writes is a matter of the machine. Nor is it told when a reaction goes out at once with the
 * comment or check of its decision, or when check and comment of a living run are brought up to date, or whether the
 * report of a run's end went out before its publication was known, where a later one says the same and more.
 */
export function inOrder<T extends Asked>(requests: readonly T[]): T[] {
  const ordered: T[] = [];
  const told = requests.filter(
    (each, index) => !isMeanwhile(each) && !isOutdone(each, requests.slice(index)),
  );
  const reads = told.filter(({ method }) => method === 'GET');
  for (const request of told.filter(({ method }) => method !== 'GET')) {
    const isFirst = isReaction(request) && isMaking(ordered.at(-1));
    ordered.splice(isFirst ? -1 : ordered.length, 0, request);
  }
  return [...ordered, ...reads.toSorted((a, b) => a.path.localeCompare(b.path))];
}

function isReaction({ path, body }: Asked): boolean {
  return path.endsWith('/reactions') || JSON.stringify(body ?? '').includes('addReaction');
}

/** A new comment, or a new check. */
function isMaking(request: Asked | undefined): boolean {
  if (request?.method !== 'POST') return false;
  return (
    /\/(?:comments|check-runs)$/.test(request.path) ||
    JSON.stringify(request.body).includes('addDiscussionComment')
  );
}

function isMeanwhile({ method, path, body }: Asked): boolean {
  const { status, body: text } = (body ?? {}) as { status?: unknown; body?: unknown };
  const isLiving = /\*\*<?The (?:agent is|run waits|run is being)/.test(String(text));
  if (method === 'PATCH' && path.includes('/issues/comments/') && isLiving) return true;
  return method === 'PATCH' && path.includes('/check-runs/') && status !== 'completed';
}

/** An update of a comment whose words all stand in a later one of the same comment, which has more. The same words said twice are told. */
function isOutdone<T extends Asked>(request: T, later: readonly T[]): boolean {
  if (request.method !== 'PATCH' || !request.path.includes('/issues/comments/')) return false;
  const lines = linesOf(request);
  return later.some((each) => {
    if (each.method !== request.method || each.path !== request.path) return false;
    const all = linesOf(each);
    return all.length > lines.length && lines.every((line) => all.includes(line));
  });
}

/** Without the seal, which is over all the words. */
function linesOf({ body }: Asked): string[] {
  const { body: text = '' } = (body ?? {}) as { body?: string };
  return text.split('\n').map((line) => line.replace(/(?<=^<!-- github-flows:\S+) [\w-]{32}(?= -->$)/, ''));
}
