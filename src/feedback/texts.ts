/** What is said about a run or a refusal; a profile may have its own (report.templates). */
export type TextName = 'running' | 'ended' | 'refused';

/** The names that each text may use; all are texts, empty where there is nothing to say. */
export const TEXT_NAMES = {
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
} as const satisfies Record<TextName, readonly string[]>;

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
