import type { Fault, Problem } from '../base/errors.ts';
import { jsonPointer } from '../base/json.ts';
import type { ReportRule } from './profile.ts';

/** The names that each text of a report may use; the same as those that texts are rendered with (flow/reporting/report-texts.ts). */
export const REPORT_NAMES = {
  running: ['HEADLINE', 'STATE', 'ELAPSED', 'DOING', 'RUN', 'PROFILE', 'REPOSITORY', 'LINK'],
  ended: [
    'HEADLINE',
    'OUTCOME',
    'ELAPSED',
    'REASON',
    'HINT',
    'CODE',
    'RESULT',
    'MESSAGE',
    'TOKENS',
    'RUN',
    'PROFILE',
    'REPOSITORY',
    'LINK',
  ],
  refused: ['REASON', 'HINT', 'CODE', 'ACTOR', 'PROFILE', 'REPOSITORY'],
} as const;

/** What is wrong with a profile's own texts: Handlebars that cannot be read, and names that the text does not have. */
export function templateFaults(
  file: string,
  templates: ReportRule['templates'],
  checkPrompt: (template: string, names: readonly string[]) => readonly Problem[],
): Fault[] {
  return Object.entries(templates ?? {}).flatMap(([name, text]) => {
    const names = REPORT_NAMES[name as keyof typeof REPORT_NAMES];
    return checkPrompt(text, names).map((problem) => ({
      code: 'report_template_invalid',
      file,
      path: jsonPointer('report', 'templates', name),
      message: `The text report.templates.${name} in ${file} cannot be used: ${problem.message}`,
      hint: `Correct it; the names that it may use are ${names.join(', ')}.`,
    }));
  });
}
