import type { EgressRequest } from './egress-request.ts';

/** What is reported: one request as it came, or, with a `message` of its own, `count` alike that were not reported yet. */
export type EgressLine = Omit<EgressRequest, 'ms'> & { count: number };

/**
 * Many requests in few lines, with bounded memory: an agent may send requests in order to fill the timeline, and then
 * act unseen. It decides only, and writes nothing.
 */
export type Tally = {
  /** The line to write now, if any: the first of its kind (host, port, decision and reason), the 10th, the 100th and so on. */
  add(request: EgressRequest): EgressLine | undefined;
  /** The lines for everything that was only counted so far; a second call gives none. */
  rest(): EgressLine[];
};

/** Kinds with a host of their own that are counted apart. Those above this number are counted together, by decision and reason. */
const MOST_KINDS = { refused: 100, granted: 1_000, closed: 1_000 } as const;

const GROWTH = 10;

type Kind = Omit<EgressLine, 'message' | 'count'> & { where: string; total: number; unreported: number };

/** Starts with nothing. `isNamed` says which hosts stand in the list themselves, not below a star: those always have lines of their own. */
export function createTally(isNamed: (host: string, port: number) => boolean): Tally {
  const kinds = new Map<string, Kind>();
  const known = { refused: 0, granted: 0, closed: 0 };

  const kindOf = ({ host, port, decision, reason }: EgressRequest): Kind => {
    const key = JSON.stringify([decision, reason, host, port]);
    const found = kinds.get(key);
    if (found) return found;
    if (isNamed(host, port)) return remember(kinds, key, { host, port, decision, reason });
    if (known[decision] < MOST_KINDS[decision]) {
      known[decision] += 1;
      return remember(kinds, key, { host, port, decision, reason });
    }
    const together = JSON.stringify([decision, reason]);
    return (
      kinds.get(together) ??
      remember(kinds, together, { host: '', port: 0, decision, reason }, 'to various other hosts')
    );
  };

  return {
    add(request) {
      const kind = kindOf(request);
      kind.total += 1;
      kind.unreported += 1;
      kind.bytesUp += request.bytesUp;
      kind.bytesDown += request.bytesDown;
      if (kind.total === 1) return firstLine(kind, request);
      return isPowerOf(GROWTH, kind.total) ? countLine(kind) : undefined;
    },
    rest: () => [...kinds.values()].filter(({ unreported }) => unreported > 0).map(countLine),
  };
}

function remember(
  kinds: Map<string, Kind>,
  key: string,
  of: Pick<Kind, 'host' | 'port' | 'decision' | 'reason'>,
  where = of.host === '' ? 'to no host that could be read' : `to ${of.host}:${of.port}`,
): Kind {
  const kind = { ...of, where, total: 0, unreported: 0, bytesUp: 0, bytesDown: 0 };
  kinds.set(key, kind);
  return kind;
}

/** The first of a kind in its own words. */
function firstLine(kind: Kind, { ms: _ms, ...request }: EgressRequest): EgressLine {
  settle(kind);
  return { ...request, message: `${request.message}${formatTransfer(request)}`, count: 1 };
}

function countLine(kind: Kind): EgressLine {
  const { where, total: _total, unreported: count, ...line } = kind;
  const why = line.reason === null ? '' : ` (${line.reason})`;
  const message = `… and ${count} more ${where}: ${line.decision}${why}.${formatTransfer(line)}`;
  settle(kind);
  return { ...line, message, count };
}

function settle(kind: Kind): void {
  kind.unreported = 0;
  kind.bytesUp = 0;
  kind.bytesDown = 0;
}

/** Bytes are known when a connection is over, also where it was refused by what it sent. */
function formatTransfer({ decision, bytesUp, bytesDown }: Omit<EgressLine, 'message' | 'count'>): string {
  if (decision !== 'closed' && bytesUp + bytesDown === 0) return '';
  return ` Bytes sent: ${bytesUp}, received: ${bytesDown}.`;
}

function isPowerOf(base: number, count: number): boolean {
  let power = 1;
  while (power < count) power *= base;
  return power === count;
}
