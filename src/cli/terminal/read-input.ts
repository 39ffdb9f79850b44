import { FlowError } from '../../base/errors.ts';

const MAX_BYTES = 1024 * 1024;

/** A stream as text, to its end or until `isWhole` accepts the text. Throws `input_unusable` when it is larger than 1 MiB or not UTF-8. */
export async function readInput(
  input: AsyncIterable<Buffer | string>,
  isWhole?: (text: string) => boolean,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_BYTES) throw inputUnusable(`is larger than ${MAX_BYTES} bytes`);
    chunks.push(bytes);
    if (isWhole?.(Buffer.concat(chunks).toString('latin1'))) break;
  }
  try {
    return new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw inputUnusable('is not UTF-8 text');
  }
}

function inputUnusable(what: string): FlowError {
  return new FlowError({
    code: 'input_unusable',
    blame: 'operator',
    message: `Standard input ${what}.`,
    hint: 'Give text; encode bytes as base64 (`base64 -w0 < file`).',
  });
}
