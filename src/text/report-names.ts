/** The texts about a run or a refusal; a profile may have its own (report.templates). */
export type TextName = 'running' | 'ended' | 'refused';

/** The names that each text may use. All values are texts, empty where there is nothing to report. */
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
