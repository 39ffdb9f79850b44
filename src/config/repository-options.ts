import type { Option } from './option.ts';

/** What a repository may take of the host until its agent starts. */
export const REPOSITORY_OPTIONS = [
  {
    name: 'PREPARE_TIMEOUT_SEC',
    type: 'count',
    default: '900',
    sentence:
      'Seconds that everything before an agent’s start may take: fetch, checkout, credentials, container.',
  },
  {
    name: 'FETCH_BYTES',
    type: 'bytes',
    default: '10g',
    sentence: 'What one fetch of a repository may bring; more ends it.',
  },
  {
    name: 'CHECKOUT_ENTRIES',
    type: 'count',
    default: '500000',
    sentence: 'Files, links and directories that a commit may lay out; counted before any is made.',
  },
  {
    name: 'CHECKOUT_BYTES',
    type: 'bytes',
    default: '10g',
    sentence: 'What these may take together on the disk; counted before any is made.',
  },
  {
    name: 'GIT_MEMORY',
    type: 'bytes',
    default: '4g',
    sentence: 'Address space of each process of git on the host that fetches or lays out a repository.',
  },
  {
    name: 'GIT_CPU_SEC',
    type: 'count',
    default: '300',
    sentence: 'Seconds of processor time of each such process.',
  },
] as const satisfies readonly Option[];
