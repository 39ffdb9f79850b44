/** A text to look for; `wraps` lets line breaks stand inside it, as in the output of `base64`. */
export type Needle = { text: string; wraps: boolean };

/** Shorter texts are too common to be masked. */
export const MIN_SECRET_CHARACTERS = 6;

/** Every form in which a secret may show: as it is, line by line, JSON-escaped, URL-encoded, and in base64 at any offset. */
export function needlesFor(value: string): Needle[] {
  const trimmed = value.trim();
  const core = trimmed.length >= MIN_SECRET_CHARACTERS ? trimmed : value;
  const plain = [core, ...secretLines(core)].flatMap((text) => [text, ...jsonForms(text)]);
  const texts = new Set([...plain, ...urlForms(core)]);
  return [
    ...[...texts].map((text) => ({ text, wraps: false })),
    ...base64Forms(core).map((text) => ({ text, wraps: true })),
  ];
}

/** Longer than any key file; every line of a larger text would slow down each line of a log. */
const MAX_LINES = 256;

/** The lines of a key file, without the armour that all key files share. */
function secretLines(value: string): string[] {
  const lines = value.split(/\r\n|\r|\n/, MAX_LINES).map((line) => line.trim());
  return lines.filter((line) => line.length >= MIN_SECRET_CHARACTERS && !/^-----.*-----$/.test(line));
}

/**
 * As JSON.stringify writes it: once, twice and three times over (a file, in an agent's event, in our log), in
 * ASCII only (Python), and safe for HTML (Go).
 */
function jsonForms(value: string): string[] {
  const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
  const once = inner(value);
  const ascii = once.replace(/[\u007f-\uffff]/g, unicodeEscape);
  const html = once.replace(/[<>&\u2028\u2029]/g, unicodeEscape);
  return [once, inner(once), inner(inner(once)), ascii, html];
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** As encodeURIComponent, RFC 3986 and HTML forms write it, with upper and lower case hex. */
function urlForms(value: string): string[] {
  const component = encodeURIComponent(value.toWellFormed());
  const strict = component.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const form = new URLSearchParams({ '': value }).toString().slice(1);
  const forms = [component, strict, form];
  return [...forms, ...forms.map((text) => text.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()))];
}

/** Where a form that starts too close to a line's end is found again. */
const REST_FROM = 8;

/**
 * The base64 characters that a value alone decides, for each of the three places where it may start in the
 * bytes around it, in both alphabets, and the rest of each for when a line breaks near its beginning.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const whole = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  const forms = whole.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')]);
  const rests = forms.map((text) => text.slice(REST_FROM)).filter((text) => text.length >= 2 * REST_FROM);
  return [...new Set([...forms, ...rests])];
}
