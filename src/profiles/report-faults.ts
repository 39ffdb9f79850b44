import type { Fault, Problem } from '../base/errors.ts';
import { jsonPointer } from '../base/json.ts';
import { TEXT_NAMES, type TextName } from '../text/report-names.ts';
import type { ReportRule } from './profile.ts';

/** What is wrong with a profile's own texts: Handlebars that cannot be read, and names that the text does not have. */
export function templateFaults(
  file: string,
  templates: ReportRule['templates'],
  checkPrompt: (template: string, names: readonly string[]) => readonly Problem[],
): Fault[] {
  return Object.entries(templates ?? {}).flatMap(([name, text]) => {
    const names = TEXT_NAMES[name as TextName];
    return checkPrompt(text, names).map((problem) => ({
      code: 'report_template_invalid',
      file,
      path: jsonPointer('report', 'templates', name),
      message: `The text report.templates.${name} in ${file} cannot be used: ${problem.message}`,
      hint: `Correct it; the names that it may use are ${names.join(', ')}.`,
    }));
  });
}
