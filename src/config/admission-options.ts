import type { Option } from './option.ts';

/** What is counted before a run may start. */
export const ADMISSION_OPTIONS = [
  {
    name: 'LOOP_RUNS',
    type: 'count',
    default: '5',
    sentence:
      'How many runs bots and the service’s own accounts may start on one thread within `LOOP_WINDOW_MIN`; people are never counted.',
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
    sentence: 'How many runs a day (UTC) may be started for one person or bot.',
  },
  {
    name: 'BUDGET_ACTOR_MINUTES',
    type: 'count',
    default: null,
    sentence:
      'How many minutes a day (UTC) the runs of one person or bot may take; a living run counts with all its time.',
  },
  {
    name: 'BUDGET_REPOSITORY_RUNS',
    type: 'count',
    default: null,
    sentence: 'How many runs a day (UTC) may be started for one repository.',
  },
  {
    name: 'BUDGET_REPOSITORY_MINUTES',
    type: 'count',
    default: null,
    sentence:
      'How many minutes a day (UTC) the runs of one repository may take; a living run counts with all its time.',
  },
  {
    name: 'BUDGET_PROFILE_RUNS',
    type: 'count',
    default: null,
    sentence:
      'How many runs a day (UTC) may be started for one profile; `budget` of a profile goes before it.',
  },
  {
    name: 'BUDGET_PROFILE_MINUTES',
    type: 'count',
    default: null,
    sentence:
      'How many minutes a day (UTC) the runs of one profile may take; a living run counts with all its time.',
  },
  {
    name: 'BUDGET_ANY_ACTOR_RUNS',
    type: 'count',
    default: '5',
    sentence:
      'How many runs a day (UTC) of profiles with `"permission": "any"` may be started for one person, unless `BUDGET_ACTOR_RUNS` says; whom a profile names is not counted.',
  },
  {
    name: 'BUDGET_ANY_REPOSITORY_RUNS',
    type: 'count',
    default: '50',
    sentence:
      'How many runs a day (UTC) one repository may have before profiles with `"permission": "any"` start no more there, unless `BUDGET_REPOSITORY_RUNS` or `budget` of the profile says.',
  },
  {
    name: 'BUDGET_ANY_PROFILE_RUNS',
    type: 'count',
    default: '100',
    sentence:
      'How many runs a day (UTC) one profile with `"permission": "any"` may start, unless `BUDGET_PROFILE_RUNS` or `budget` of the profile says.',
  },
] as const satisfies readonly Option[];
