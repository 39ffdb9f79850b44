import type { Option } from './option.ts';

/** The loop breaker and the budgets of a day. */
export const ADMISSION_OPTIONS = [
  {
    name: 'LOOP_RUNS',
    type: 'count',
    default: '5',
    sentence:
      'Runs that bots and the service’s own accounts may start on one thread within `LOOP_WINDOW_MIN`. People never count.',
  },
  {
    name: 'LOOP_WINDOW_MIN',
    type: 'count',
    default: '60',
    sentence: 'Minutes for which `LOOP_RUNS` counts.',
  },
  {
    name: 'BUDGET_ACTOR_RUNS',
    type: 'count',
    default: null,
    sentence: 'Runs of one person or bot in a day (UTC).',
  },
  {
    name: 'BUDGET_ACTOR_MINUTES',
    type: 'count',
    default: null,
    sentence:
      'Minutes of the runs of one person or bot in a day (UTC). An active run counts with its maximum time.',
  },
  {
    name: 'BUDGET_REPOSITORY_RUNS',
    type: 'count',
    default: null,
    sentence: 'Runs of one repository in a day (UTC).',
  },
  {
    name: 'BUDGET_REPOSITORY_MINUTES',
    type: 'count',
    default: null,
    sentence:
      'Minutes of the runs of one repository in a day (UTC). An active run counts with its maximum time.',
  },
  {
    name: 'BUDGET_PROFILE_RUNS',
    type: 'count',
    default: null,
    sentence: 'Runs of one profile in a day (UTC). `budget` of a profile has precedence.',
  },
  {
    name: 'BUDGET_PROFILE_MINUTES',
    type: 'count',
    default: null,
    sentence:
      'Minutes of the runs of one profile in a day (UTC). An active run counts with its maximum time.',
  },
  {
    name: 'BUDGET_ANY_ACTOR_RUNS',
    type: 'count',
    default: '5',
    sentence:
      'Runs of one person in a day (UTC) by profiles with `"permission": "any"`, unless `BUDGET_ACTOR_RUNS` is set. People whom the profile names do not count.',
  },
  {
    name: 'BUDGET_ANY_REPOSITORY_RUNS',
    type: 'count',
    default: '50',
    sentence:
      'Runs of one repository in a day (UTC) up to which profiles with `"permission": "any"` start more, unless `BUDGET_REPOSITORY_RUNS` or `budget` of the profile is set.',
  },
  {
    name: 'BUDGET_ANY_PROFILE_RUNS',
    type: 'count',
    default: '100',
    sentence:
      'Runs of one profile with `"permission": "any"` in a day (UTC), unless `BUDGET_PROFILE_RUNS` or `budget` of the profile is set.',
  },
] as const satisfies readonly Option[];
