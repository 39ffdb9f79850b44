/** A number with its noun in the right form: `1 commit`, `2 commits`, `0 entries` with `entries` as the plural. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
