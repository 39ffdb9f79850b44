import { DEFAULT_TEXTS, type TextValues } from '../../feedback/texts.ts';
import type { Profile } from '../../profiles/profile.ts';
import { renderText } from '../../prompts/render.ts';
import { TEXT_NAMES, type TextName } from '../../text/report-names.ts';

/** A text about a run or a refusal, by the profile's own template or the one that all have. */
export function renderReport<Name extends TextName>(
  profile: Profile,
  name: Name,
  values: TextValues<Name>,
): string {
  const template = profile.report.templates?.[name] ?? DEFAULT_TEXTS[name];
  const given = Object.fromEntries(TEXT_NAMES[name].map((key) => [key, values[key as keyof typeof values]]));
  return renderText({ template, values: given });
}
