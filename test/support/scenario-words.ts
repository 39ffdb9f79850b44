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
    .replaceAll(/(?<=<!-- github-flows:[\w:-]*(?:<run \d+>)?[\w:-]*) [\w-]{32}(?= -->)/g, '')
    .replaceAll(/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replaceAll(/(?<=\bthe mark |<\/?untrusted )\w{26}\b/g, '<mark>')
    .replaceAll(/\bafter \d+ s\b/g, 'after <some> s')
    .replaceAll(
      /The run (?:waits for its turn|is being prepared)\./g,
      '<The run waits, or is being prepared.>',
    );
  return JSON.parse(steadied) as T;
}

type Asked = { method: string; path: string; body?: unknown };

/**
 * Requests in their order, but for what is a matter of the machine: reads that follow each other are asked at once, and
 * a reaction goes out at once with the comment or check of its decision, so that both are sorted; and the check of a
 * living run is brought up to date only when the run takes long.
 */
export function inOrder<T extends Asked>(requests: readonly T[]): T[] {
  const ordered: T[] = [];
  let reads: T[] = [];
  const flush = (): void => {
    ordered.push(...reads.toSorted((a, b) => a.path.localeCompare(b.path)));
    reads = [];
  };
  for (const request of requests.filter((each) => !isMeanwhile(each))) {
    if (request.method === 'GET') reads.push(request);
    else {
      flush();
      const isFirst = isReaction(request) && isMaking(ordered.at(-1));
      ordered.splice(isFirst ? -1 : ordered.length, 0, request);
    }
  }
  flush();
  return ordered;
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
  const { status } = (body ?? {}) as { status?: unknown };
  return method === 'PATCH' && path.includes('/check-runs/') && status !== 'completed';
}
