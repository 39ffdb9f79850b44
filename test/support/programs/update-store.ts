import { systemClock } from '../../../src/base/clock.ts';
import { Secret } from '../../../src/base/secret.ts';
import { openSecretStore } from '../../../src/credentials/secrets/secret-store.ts';

// Sets `<name>0`, `<name>1`, … in the store, a line of output for each once it is written.
const [file = '', lockFile = '', passphrase = '', name = '', count = '1'] = process.argv.slice(2);
const store = openSecretStore({
  file,
  lockFile,
  passphrases: async () => [new Secret(passphrase)],
  clock: systemClock,
});
for (let index = 0; index < Number(count); index += 1) {
  await store.update((values) => void values.set(`${name}${index}`, `value of ${name}${index}`));
  process.stdout.write(`${name}${index}\n`);
}
