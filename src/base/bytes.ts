const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Docker's way of writing a size — digits, perhaps a fraction, perhaps one of b, k, m, g, t — in bytes; undefined when it is not one. */
export function parseBytes(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,3})?)\s?([bkmgt])?(?:i?b)?$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Math.floor(Number(digits) * (UNITS[unit?.toLowerCase() ?? 'b'] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes for people: `4 GiB`, `512 MiB`, `17 bytes`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
