/** The first `limit` characters of a text, never half a character, and a mark with the number of characters that are missing. */
export function cutWithNotice(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = isHighSurrogate(text.charCodeAt(limit - 1)) ? limit - 1 : limit;
  return `${text.slice(0, end)}\n[cut here: ${text.length - end} of ${text.length} characters ${text.length - end === 1 ? 'is' : 'are'} missing]`;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
