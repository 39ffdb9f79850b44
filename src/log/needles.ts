import { bareForms } from './bare.ts';
import { peel, toBytes } from './peel.ts';

/** Shorter texts are too common to be masked. */
export const MIN_SECRET_CHARACTERS = 6;

/** Longer than any key file; every line of a larger text would slow down each line of a log. */
const MAX_LINES = 256;

/** More spellings than this lie in no value over each other. */
const MAX_LAYERS = 4;

/**
 * The texts that are searched in each view of a text (`views.ts`) to find `value`: the value and its lines, as they
 * are, in bytes, with the spellings in them taken off as they are off the text, and in base64 at any offset.
 */
export function needlesFor(value: string): string[] {
  const core = coreOf(value);
  const plain = [core, ...secretLines(core), ...withoutDollars(core)].flatMap((text) => [
    text,
    ...peeledForms(text),
  ]);
  const spaced = core.includes(' ') ? peeledForms(core.replaceAll(' ', '+')) : [];
  return [...new Set([...plain, ...spaced, ...escapedEnds(core), ...base64Forms(core)])];
}

/** The texts that are searched where only letters and digits are left of a text. */
export function bareNeedlesFor(value: string): string[] {
  const core = coreOf(value);
  return [core, ...secretLines(core)].flatMap((text) => bareForms(text, base64Forms(text)));
}

/** A value without the blanks around it. */
function coreOf(value: string): string {
  const trimmed = value.trim();
  return trimmed.length >= MIN_SECRET_CHARACTERS ? trimmed : value;
}

/** Most dollar signs of a value of which any may be left out. */
const MAX_DOLLARS = 4;

/** A dollar sign at the end of a shell's quotation looks like one that begins the next quotation, which is no part of a value. */
function withoutDollars(value: string): string[] {
  const parts = value.split('$');
  if (parts.length === 1 || parts.length - 1 > MAX_DOLLARS) return [];
  const forms = Array.from({ length: 2 ** (parts.length - 1) - 1 }, (_, kept) =>
    parts.reduce((text, part, at) => text + ((kept >> (at - 1)) & 1 ? '$' : '') + part),
  );
  return forms.filter((form) => form.length >= MIN_SECRET_CHARACTERS);
}

/** Backslashes at the end of a value cannot be separated from the escape that follows. */
function escapedEnds(value: string): string[] {
  if (!value.endsWith('\\')) return [];
  const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
  return [inner(value), inner(inner(value)), inner(inner(inner(value)))];
}

/** The lines of a key file, without the armour that all key files share. */
function secretLines(value: string): string[] {
  const lines = value.split(/\r\n|\r|\n/, MAX_LINES).map((line) => line.trim());
  return lines.filter((line) => line.length >= MIN_SECRET_CHARACTERS && !/^-----.*-----$/.test(line));
}

function peeledForms(value: string): string[] {
  const isNarrow = /^[\0-\u00ff]*$/.test(value);
  return [toBytes(value), ...(isNarrow ? [value] : [])].flatMap((bytes) => {
    const forms = [bytes];
    for (let layer = 0; layer < MAX_LAYERS; layer += 1) {
      const next = peel(forms.at(-1) ?? '', true)?.text;
      if (next === undefined) break;
      forms.push(next);
    }
    const kept = forms.filter((form) => form.length >= MIN_SECRET_CHARACTERS);
    return kept.flatMap((form) => [form, Buffer.from(form, 'latin1').toString('utf8')]);
  });
}

/**
 * The base64 characters that a value alone decides, for each of the three places where it may start in the
 * bytes around it, in both alphabets.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const forms = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  return forms.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')]);
}
