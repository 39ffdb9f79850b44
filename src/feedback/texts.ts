import type { TEXT_NAMES, TextName } from '../text/report-names.ts';

/** The values of one text. */
export type TextValues<Name extends TextName> = Record<(typeof TEXT_NAMES)[Name][number], string>;

const FOOT = 'github-flows run `{{RUN}}`, profile `{{PROFILE}}`{{#if LINK}}, [its page]({{LINK}}){{/if}}';

/** The texts of profiles that have none of their own. */
export const DEFAULT_TEXTS: Readonly<Record<TextName, string>> = {
  running: `**{{HEADLINE}}** ({{ELAPSED}})

{{#if DOING}}{{DOING}}

{{/if}}${FOOT}`,
  ended: `**{{HEADLINE}}** ({{ELAPSED}})

{{#if REASON}}{{REASON}}

{{HINT}} (\`{{CODE}}\`)

{{/if}}{{#if RESULT}}{{RESULT}}

{{/if}}{{#if MESSAGE}}{{MESSAGE}}

{{/if}}{{#if TOKENS}}{{TOKENS}}

{{/if}}${FOOT}`,
  refused: `No run was started. {{REASON}}

{{HINT}} (\`{{CODE}}\`)`,
};
