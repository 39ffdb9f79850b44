import { loginGrants } from '../agents/login-grants.ts';
import type { Profile, PublishRule } from './profile.ts';

/** A profile as any version since the first may have stored it: keys that came later may be absent. */
type StoredProfile = Omit<Profile, 'checkout' | 'credentials' | 'retry' | 'publish'> & {
  checkout: Omit<Profile['checkout'], 'agentConfig'> & Partial<Profile['checkout']>;
  credentials: Partial<Profile['credentials']>;
  retry?: Profile['retry'];
  publish?: Omit<PublishRule, 'authors' | 'limits'> & {
    authors?: PublishRule['authors'];
    limits: Omit<PublishRule['limits'], 'lfs'> & { lfs?: boolean };
  };
};

/** Before `retry` there was one attempt. */
const ONE_ATTEMPT = { attempts: 1, backoffSec: 1, on: 'before-start' } as const;

/** The profile that is stored with a run or a report, as the version of now has it: runs keep theirs for ever. */
export function readStoredProfile(json: string): Profile {
  const stored = JSON.parse(json) as StoredProfile;
  const { checkout, credentials, retry = ONE_ATTEMPT, publish } = stored;
  return {
    ...stored,
    checkout: { agentConfig: 'base', ...checkout },
    credentials: { github: undefined, ...loginGrants(), secrets: [], ...credentials },
    retry,
    publish: publish && { authors: [], ...publish, limits: { lfs: false, ...publish.limits } },
  };
}
