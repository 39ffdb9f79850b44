/** Powers of 1024 by the letter that Docker takes for them. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
};

const SIZE = /^(\d{1,16}(?:\.\d{1,16})?) ?(?:([kmgtp])(?:i?b)?|b)?$/i;

/**
 * A size as `docker run` writes it (`512m`, `1.5g`, `64 KiB`, `1048576`) in whole bytes, always with 1024 to the
 * step; undefined for anything else, also for what a JavaScript number cannot hold exactly.
 * The grammar is Docker's: https://pkg.go.dev/github.com/docker/go-units#RAMInBytes
 */
export function parseBytes(text: string): number | undefined {
  const found = SIZE.exec(text);
  if (!found) return undefined;
  const bytes = Math.floor(Number(found[1]) * (UNITS[(found[2] ?? '').toLowerCase()] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes for people: `4 GiB`, `512 MiB`, `17 bytes`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
