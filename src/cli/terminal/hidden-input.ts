import { closeSync, openSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { ReadStream } from 'node:tty';
import { FlowError } from '../../base/errors.ts';
import { createHiddenLine, type Typed } from './hidden-line.ts';

const MARK_PASTES = '\u001b[?2004h';
const MARK_NO_PASTES = '\u001b[?2004l';

/** Prompts on the controlling terminal, even when the program's streams are redirected. */
type HiddenInput = {
  /** Whether there is a terminal, and standard error is visible on it. */
  canAsk(): boolean;
  /** Reads input without echo; `many` allows several pasted lines. Throws `prompt_cancelled`. */
  ask(prompt: string, many?: boolean): Promise<string>;
};

/** The controlling terminal. Text that is typed early goes to the next prompt. */
export function createHiddenInput(err: (text: string) => void): HiddenInput {
  let ahead = '';
  return {
    canAsk: () => process.stderr.isTTY === true && hasTerminal(),
    async ask(prompt, many = false) {
      const typed = await readTerminal(ahead, many, () => err(prompt));
      err('\n');
      ahead = typed.state === 'done' ? typed.rest : '';
      if (typed.state === 'done') return typed.value;
      throw promptCancelled();
    },
  };
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false;
  }
}

/** Prompts only after echo is off. */
async function readTerminal(ahead: string, many: boolean, ask: () => void): Promise<Typed> {
  const line = createHiddenLine(many);
  const before = line.feed(ahead);
  if (before.state !== 'open') return before;
  const terminal = new ReadStream(openSync('/dev/tty', 'r+'));
  const decoder = new StringDecoder('utf8');
  terminal.setRawMode(true);
  if (many) process.stderr.write(MARK_PASTES);
  ask();
  try {
    for await (const chunk of terminal.iterator({ destroyOnReturn: false })) {
      const typed = line.feed(decoder.write(chunk as Buffer));
      if (typed.state !== 'open') return typed;
    }
    return { state: 'off' };
  } finally {
    if (many) process.stderr.write(MARK_NO_PASTES);
    terminal.setRawMode(false);
    terminal.destroy();
  }
}

function promptCancelled(): FlowError {
  return new FlowError({
    code: 'prompt_cancelled',
    blame: 'operator',
    message: 'The prompt was cancelled, so nothing changed.',
    hint: 'Run it again. Without a terminal, give a value on standard input and the passphrase in GITHUB_FLOWS_PASSPHRASE.',
  });
}
