import type { Problem } from '../../base/errors.ts';
import { tokenIn } from '../../log/token-shapes.ts';

/**
 * The problem `secret_in_profile` when a text of a profile holds what looks like a token or a private key; `where` says
 * which text, and the value is never repeated. Profiles are read by many and saved with every run, and what stands in
 * a variable or on a command line is seen by every process of the container.
 */
export function refuseSecret(where: string, text: string): Problem | undefined {
  const what = tokenIn(text);
  return what === undefined
    ? undefined
    : {
        code: 'secret_in_profile',
        message: `${where} holds what looks like ${what}; a profile is no place for a secret.`,
        hint: 'Revoke it if it was ever shared. Put the new one into a file of the secrets directory, mount it (--mount type=bind,src=/home/user/.secrets/gh-token,dst=/run/secrets/gh-token,readonly), and let the program read /run/secrets/gh-token.',
      };
}
