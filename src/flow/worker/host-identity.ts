import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../../base/cancel.ts';
import type { Clock } from '../../base/clock.ts';
import { writeAtomic } from '../../base/files.ts';
import { randomId } from '../../base/ids.ts';
import type { Engine } from '../../containers/engine/docker.ts';

/**
 * Which host this is: a directory of the service together with one engine, the same after every restart of either.
 * A run that may have started belongs to the host it started on, because only there can it be found again.
 */
export type Host = {
  /** The id with the engine of now, or of the last answer while the engine is silent; undefined before the first answer. */
  current(): Promise<string | undefined>;
  /** Makes the next answer ask the engine again: it was away, and may be another one. */
  forget(): void;
};

type HostRecord = { id: string; engine: string | null };

/** How long a start waits for an engine that may be down. */
const ENGINE_MS = 2_000;

/** Keeps the host's part of the id, and the engine met last, in `VAR_DIR/host.json`. */
export function createHost(parts: { varDir: string; engine: Pick<Engine, 'info'>; clock: Clock }): Host {
  const file = join(parts.varDir, 'host.json');
  let asked: string | undefined;
  const ask = async (): Promise<string | undefined> => {
    const kept = await read(file);
    const { engineId } =
      (await within(parts.clock, ENGINE_MS, parts.engine.info()).catch(() => undefined)) ?? {};
    const engine = engineId ?? kept.engine;
    if (engine !== kept.engine || kept.isNew)
      await writeAtomic(file, `${JSON.stringify({ id: kept.id, engine })}\n`, { mode: 0o600 });
    const host = engine === null ? undefined : `${kept.id}-${digest(engine)}`;
    if (engineId !== undefined) asked = host;
    return host;
  };
  return {
    current: async () => asked ?? (await ask()),
    forget() {
      asked = undefined;
    },
  };
}

async function read(file: string): Promise<HostRecord & { isNew: boolean }> {
  try {
    const { id, engine } = JSON.parse(await readFile(file, 'utf8')) as Partial<HostRecord>;
    if (typeof id === 'string' && /^[0-9a-z]{12}$/.test(id))
      return { id, engine: typeof engine === 'string' ? engine : null, isNew: false };
  } catch {
    // Absent, or not ours: this host is a new one.
  }
  return { id: randomId(12), engine: null, isNew: true };
}

function digest(engine: string): string {
  return createHash('sha256').update(engine).digest('hex').slice(0, 8);
}
