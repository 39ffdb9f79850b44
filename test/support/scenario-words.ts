/** What is different each time, and what it is called instead. */
export type Names = {
  runs: readonly string[];
  deliveries: readonly string[];
  commits: ReadonlyMap<string, string>;
};

/** `value` with ids, commits, times, the marks of fences and a run's first two states put into words that stay. */
export function steady<T>(value: T, { runs, deliveries, commits }: Names): T {
  let text = JSON.stringify(value);
  for (const [index, id] of runs.entries()) text = text.replaceAll(id, `<run ${index + 1}>`);
  for (const [index, id] of deliveries.entries()) text = text.replaceAll(id, `<delivery ${index + 1}>`);
  const steadied = text
    .replaceAll(/\b[0-9a-f]{40}\b/g, (sha) => commits.get(sha) ?? '<commit>')
    .replaceAll(/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replaceAll(/(?<=\bthe mark |<\/?untrusted )\w{26}\b/g, '<mark>')
    .replaceAll(/\bafter \d+ s\b/g, 'after <some> s')
    .replaceAll(
      /The run (?:waits for its turn|is being prepared)\./g,
      '<The run waits, or is being prepared.>',
    );
  return JSON.parse(steadied) as T;
}

/** Requests in their order; reads that follow each other are asked at once, so that these are sorted. */
export function inOrder<T extends { method: string; path: string }>(requests: readonly T[]): T[] {
  const ordered: T[] = [];
  let reads: T[] = [];
  const flush = (): void => {
    ordered.push(...reads.toSorted((a, b) => a.path.localeCompare(b.path)));
    reads = [];
  };
  for (const request of requests) {
    if (request.method === 'GET') reads.push(request);
    else {
      flush();
      ordered.push(request);
    }
  }
  flush();
  return ordered;
}
