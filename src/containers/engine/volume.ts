import { volumeMissing, volumeNotPlain } from '../errors.ts';
import { fieldOf } from './engine-answer.ts';
import type { CallEngine } from './engine-call.ts';

/**
 * Whether a volume is there and holds nothing but files of its own: the driver `local`, and none of its options, with
 * which a volume can be any directory or device of the host. Throws `volume_missing`, `volume_not_plain`.
 */
export async function checkVolume(call: CallEngine, name: string): Promise<void> {
  const faults = { 404: (_words: string, cause: unknown) => volumeMissing(name, cause) };
  const volume = await call(
    { what: `describe the volume ${name}`, faults },
    async (docker) => await docker.getVolume(name).inspect(),
  );
  const driver = fieldOf(volume, 'Driver', 'string');
  if (driver !== 'local') throw volumeNotPlain(name, `comes from the driver ${driver}`);
  const options = Object.keys(volume.Options ?? {});
  if (options.length > 0) throw volumeNotPlain(name, `has the options ${options.join(', ')}`);
}
