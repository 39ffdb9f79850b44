/** `hold-lock FILE`: prints `locked` and holds the lock, or the code of the error. */
import { asFlowError } from '../../../src/base/errors.ts';
import { lockInstallation } from '../../../src/db/lock.ts';

try {
  lockInstallation(process.argv[2] ?? '');
  gc?.();
  process.stdout.write('locked\n');
  setInterval(() => gc?.(), 20);
} catch (error) {
  process.stdout.write(`${asFlowError(error).code}\n`);
}
