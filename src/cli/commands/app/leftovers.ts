import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { ancestors } from '../../../base/files.ts';
import { appsFile, type ComposedApps } from '../../../compose/apps.ts';
import type { Config } from '../../../config/config.ts';
import { createSecretStores } from '../../../credentials/secrets/secret-stores.ts';

/** Files that existed before a command, so that it can remove what it created when it fails. */
type Leftovers = {
  /** Call it when the stores are open and before a state is signed. */
  opened(apps: ComposedApps): Promise<void>;
  /** Removes what is new and empty: the state key, the store, the key file, the directories. Gives whether it removed a key file. */
  removeNew(): Promise<boolean>;
};

/** Remembers which files of the stores exist; what another command stores meanwhile stays. */
export function rememberLeftovers(config: Config): Leftovers {
  const { file } = appsFile(config);
  const stores = createSecretStores({
    secretsDir: config.secretsDir,
    passphrases: async () => [],
    clock: systemClock,
  });
  const lock = join(config.secretsDir, 'service/stores.lock');
  const ignore = join(config.secretsDir, 'service/.gitignore');
  const places = [file, config.keyFile, lock, ignore];
  const absent = new Set(
    places.flatMap((place) => [place, ...ancestors(dirname(place))]).filter((path) => !existsSync(path)),
  );
  let apps: ComposedApps | undefined;
  let hadStateKey = true;

  const emptyStore = async (): Promise<void> => {
    if (!apps || !existsSync(file)) return;
    if (!hadStateKey) await apps.store.dropStateKey();
    if (!absent.has(file)) return;
    const { store } = apps;
    await stores.locked(async () => {
      const isEmpty = (await store.all()).length === 0 && (await store.stateKey()) === undefined;
      if (isEmpty) await rm(file, { force: true });
    });
  };
  return {
    async opened(own) {
      apps = own;
      hadStateKey = (await own.store.stateKey()) !== undefined;
    },
    async removeNew() {
      await emptyStore();
      if (stores.existing().length > 0) return false;
      const isKeyMade = absent.has(config.keyFile) && existsSync(config.keyFile);
      if (isKeyMade) await rm(config.keyFile, { force: true });
      // A service that started meanwhile has files there.
      const others = (await readdir(dirname(lock)).catch(() => [])).filter(
        (name) => ![lock, ignore].includes(join(dirname(lock), name)),
      );
      for (const place of others.length > 0 ? [] : [lock, ignore])
        if (absent.has(place)) await rm(place, { force: true });
      const directories = places
        .flatMap((place) => ancestors(dirname(place)))
        .filter((path) => absent.has(path));
      for (const path of [...new Set(directories)].toSorted((a, b) => b.length - a.length))
        await rmdir(path).catch(() => undefined);
      return isKeyMade;
    },
  };
}
