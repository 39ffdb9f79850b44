import type { FlowError } from '../../../base/errors.ts';
import type { Io } from '../../terminal/io.ts';
import { usage } from '../../terminal/usage.ts';

/** Shorter values occur in too many ordinary words to be masked. */
const MASKED_FROM = 6;

/**
 * The value of a secret: the argument, with a warning; else standard input (`-`, or where that is no terminal); else what
 * is typed without being shown. A single line from standard input loses its line end, a longer text is kept to the byte.
 */
export async function secretValue(io: Io, name: string, argument: string | undefined): Promise<string> {
  const value = await readValue(io, name, argument);
  if (value.length > 0 && value.length < MASKED_FROM)
    io.err(`${name} has fewer than ${MASKED_FROM} characters, so it is not masked in logs and comments.\n`);
  return value;
}

async function readValue(io: Io, name: string, argument: string | undefined): Promise<string> {
  if (argument !== undefined && argument !== '-') {
    io.err(
      `The value was on the command line, where other processes and your shell’s history can see it. Next time give it on standard input, or omit it and type it.\n`,
    );
    return argument;
  }
  if (argument !== '-' && io.isInputTerminal) {
    if (!io.canAsk()) throw nobodyToAsk(name);
    return await io.askHidden(`Value of ${name}: `, true);
  }
  const input = await io.readInput();
  return /^[^\r\n]*\r?\n$/.test(input) ? input.trimEnd() : input;
}

function nobodyToAsk(name: string): FlowError {
  return usage(
    'Standard input is a terminal but standard error is not, so the prompt would be invisible.',
    `Give the value on standard input: \`github-flows secret set ${name} < file\`.`,
  );
}
