/** What the service takes from an agent's repository, at the most; bytes, and seconds of processor time for each step. */
export const CHANGE_LIMITS = {
  /** The bundle as it comes out of the container, compressed. */
  bundleBytes: 100 * 1024 * 1024,
  /** Its text before the objects. */
  headerBytes: 64 * 1024,
  objects: 200_000,
  /** Any one file that git writes while the bundle is checked: the objects, the patch. */
  fileBytes: 512 * 1024 * 1024,
  /** Address space of git on the host. */
  memoryBytes: 2 * 1024 * 1024 * 1024,
  cpuSec: 30,
  /** The container's whole time. */
  containerMs: 60_000,
  containerMemoryBytes: 1024 * 1024 * 1024,
} as const;
