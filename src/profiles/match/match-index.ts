import { ATTRIBUTES, type AttributeName, type FlowEvent, type Scalar } from '../../events/event.ts';
import type { Candidate } from '../profile.ts';

/** A candidate with its place in the order of preference (the smallest rank wins), and what a look-up needs of it close at hand. */
type Ranked = Pick<Candidate, 'labels' | 'filter'> & { rank: number; candidate: Candidate };

/** Finds the candidates whose attributes and labels match, without looking at the others. */
export type MatchIndex = {
  /** The candidates that only their filter can still rule out, best first; those that a better one always beats are left out. */
  find(event: FlowEvent): Iterable<Ranked>;
};

/** Candidates that name the same values for the same attributes; each of those with labels lies under one of its labels. */
type Leaf = { plain: Ranked[]; byLabel: Map<string, Ranked[]> | undefined };

type Branch = Map<Scalar, Branch | Leaf>;

/** Candidates that name the same attributes: one look-up an attribute leads to those that also name the same values. */
type Shape = { names: AttributeName[]; root: Branch | Leaf };

/** An index over candidates that are ordered by preference; its look-ups cost by the number of shapes, not of candidates. */
export function createMatchIndex(ordered: readonly Candidate[]): MatchIndex {
  const shapes = new Map<string, { names: AttributeName[]; candidates: Ranked[] }>();
  for (const [rank, candidate] of ordered.entries()) {
    const names = ATTRIBUTES.filter((name) => candidate.conditions[name] !== undefined);
    const shape = shapes.get(names.join()) ?? { names, candidates: [] };
    shape.candidates.push({ rank, candidate, labels: candidate.labels, filter: candidate.filter });
    shapes.set(names.join(), shape);
  }
  const built = [...shapes.values()].map(
    ({ names, candidates }): Shape => ({ names, root: grow(candidates, names) }),
  );
  return {
    find: (event) =>
      inOrder(
        built.flatMap((shape) => listsOf(shape, event)),
        new Set(event.labels),
      ),
  };
}

function grow(candidates: readonly Ranked[], names: readonly AttributeName[]): Branch | Leaf {
  const [name, ...rest] = names;
  if (name === undefined) return toLeaf(candidates);
  const groups = Map.groupBy(candidates, ({ candidate }) => candidate.conditions[name] ?? null);
  return new Map([...groups].map(([value, group]) => [value, grow(group, rest)]));
}

function toLeaf(candidates: readonly Ranked[]): Leaf {
  const winnable = firstOfEachKind(candidates);
  const uses = new Map<string, number>();
  for (const { labels } of winnable)
    for (const label of labels ?? []) uses.set(label, (uses.get(label) ?? 0) + 1);
  const plain: Ranked[] = [];
  const byLabel = new Map<string, Ranked[]>();
  for (const ranked of winnable) {
    const [rarest] = [...(ranked.labels ?? [])].sort((a, b) => (uses.get(a) ?? 0) - (uses.get(b) ?? 0));
    if (rarest === undefined) plain.push(ranked);
    else listAt(byLabel, rarest).push(ranked);
  }
  return { plain, byLabel: byLabel.size > 0 ? byLabel : undefined };
}

function listAt(lists: Map<string, Ranked[]>, label: string): Ranked[] {
  const list = lists.get(label) ?? [];
  lists.set(label, list);
  return list;
}

/** Of candidates that differ in nothing but their profile only the first can ever win. */
function firstOfEachKind(candidates: readonly Ranked[]): Ranked[] {
  const kinds = new Map<string, Ranked>();
  for (const ranked of candidates) {
    const { labels, filter } = ranked;
    const kind = JSON.stringify([labels ? [...labels].sort() : null, filter ?? null]);
    if (!kinds.has(kind)) kinds.set(kind, ranked);
  }
  return [...kinds.values()];
}

function listsOf(shape: Shape, event: FlowEvent): Ranked[][] {
  let at: Branch | Leaf | undefined = shape.root;
  for (const name of shape.names) {
    const actual = event.attributes[name];
    if (actual === undefined || !(at instanceof Map)) return [];
    at = at.get(actual);
  }
  if (at === undefined || at instanceof Map) return [];
  const { plain, byLabel } = at;
  const labelled = byLabel ? event.labels.map((label) => byLabel.get(label) ?? []) : [];
  return [plain, ...labelled].filter((list) => list.length > 0);
}

/** Merges ordered lists into one order, without the candidates that need a label which the event lacks. */
function* inOrder(lists: readonly Ranked[][], labels: ReadonlySet<string>): Generator<Ranked> {
  const next = lists.map(() => 0);
  for (;;) {
    let best: Ranked | undefined;
    let bestList = 0;
    for (const [index, list] of lists.entries()) {
      const head = list[next[index] ?? 0];
      if (head && (!best || head.rank < best.rank)) [best, bestList] = [head, index];
    }
    if (!best) return;
    next[bestList] = (next[bestList] ?? 0) + 1;
    if ((best.labels ?? []).every((label) => labels.has(label))) yield best;
  }
}
