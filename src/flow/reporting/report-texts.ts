import { DEFAULT_TEXTS, type TEXT_NAMES, type TextName, type TextValues } from '../../feedback/texts.ts';
import type { Profile } from '../../profiles/profile.ts';
import { REPORT_NAMES } from '../../profiles/report-faults.ts';
import { renderText } from '../../prompts/render.ts';

/** The names that a profile is checked against are those that texts are rendered with. */
const NAMES: typeof TEXT_NAMES = REPORT_NAMES;

/** A text about a run or a refusal, by the profile's own template or the one that all have. */
export function renderReport<Name extends TextName>(
  profile: Profile,
  name: Name,
  values: TextValues<Name>,
): string {
  const template = profile.report.templates?.[name] ?? DEFAULT_TEXTS[name];
  const given = Object.fromEntries(NAMES[name].map((key) => [key, values[key as keyof typeof values]]));
  return renderText({ template, values: given });
}
