/** Something that is kept: when it was last of use (milliseconds since 1970), what it takes, and whether a living run uses it. */
export type RetainedItem = { id: string; at: number; bytes: number; inUse: boolean };

/** What may be kept: nothing that was last of use before `before`, and `maxBytes` in all, what is in use counted. */
export type KeepRule = { before: number; maxBytes: number };

/** What has to go, oldest first; never what is in use, however old or large. */
export function oldestFirst(kept: readonly RetainedItem[], { before, maxBytes }: KeepRule): RetainedItem[] {
  let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  return kept
    .toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    .filter(({ at, bytes, inUse }) => {
      const goes = !inUse && (at < before || total > maxBytes);
      if (goes) total -= bytes;
      return goes;
    });
}
