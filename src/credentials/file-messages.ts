import { shellQuote } from '../base/text.ts';
import type { FileFault } from './private-file.ts';

/** A fault in words: what happened to which file, and the command that fixes it. `noun` begins the sentence; `create` makes the file. */
export function describeFault(
  noun: string,
  fault: FileFault,
  create: string,
): { message: string; hint: string } {
  const path = shellQuote(fault.path);
  switch (fault.kind) {
    case 'missing':
      return { message: `${noun} ${fault.path} is not there.`, hint: create };
    case 'not-directory':
      return {
        message: `${noun} ${fault.path} is not a directory, or something above it is none.`,
        hint: `See what is there with \`namei -l ${path}\`, and move it away. Then: ${create}`,
      };
    case 'unreadable':
      return {
        message: `${noun} ${fault.path} cannot be read: ${fault.detail}.`,
        hint: `See whose it is with \`ls -ld ${path}\`; \`sudo chown "$(id -u)" ${path}\`, run as the service's user, makes it the service's.`,
      };
    case 'not-regular':
      return {
        message: `${noun} ${fault.path} is ${fault.what}, not a regular file.`,
        hint:
          fault.what === 'a directory'
            ? `Remove it (a \`docker run -v\` whose source was missing leaves such a directory): \`sudo rmdir ${path}\`. Then: ${create}`
            : `Put the file itself in its place: \`rm ${path}\`. Then: ${create}`,
      };
    case 'too-large':
      return {
        message: `${noun} ${fault.path} is larger than ${fault.maxBytes} bytes.`,
        hint: `See what is in it with \`head -c 200 ${path}\`, and put the right file in its place.`,
      };
    case 'open-to-others':
      return {
        message: `${noun} ${fault.path} is open to other accounts: its mode is ${fault.mode.toString(8)}.`,
        hint: `Run \`chmod ${fault.directory ? '700' : '600'} ${path}\`.`,
      };
    case 'wrong-owner':
      return {
        message: `${noun} ${fault.path} belongs to user ${fault.owner}, but the service runs as user ${fault.wanted}.`,
        hint: `Run \`sudo chown ${fault.wanted} ${path}\`.`,
      };
  }
}
