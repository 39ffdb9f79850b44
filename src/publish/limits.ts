/** What the service takes from an agent's repository, at the most; bytes, and seconds of processor time for each step. */
export const CHANGE_LIMITS = {
  /** The bundle as it comes out of the container, compressed. */
  bundleBytes: 64 * 1024 * 1024,
  /** Its text before the objects. */
  headerBytes: 64 * 1024,
  objects: 200_000,
  /** Any one file that git writes while the bundle is checked: the objects, the patch. */
  fileBytes: 256 * 1024 * 1024,
  /** All paths of a commit together: two million files or so. */
  pathBytes: 128 * 1024 * 1024,
  /** Address space of git on the host. */
  memoryBytes: 2 * 1024 * 1024 * 1024,
  cpuSec: 30,
  /** The container's whole time. */
  containerMs: 60_000,
  /** Its time until git has found the commits; a FIFO in the place of a file would hold it for ever. */
  lookSec: 10,
  containerMemoryBytes: 1024 * 1024 * 1024,
} as const;
