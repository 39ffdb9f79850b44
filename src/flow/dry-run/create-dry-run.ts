import { FlowError } from '../../base/errors.ts';
import { listHosts, parseAllowList } from '../../egress/allow-list.ts';
import type { HostLists } from '../../egress/shipped-lists.ts';
import type { MountHost } from '../../mounts/mount.ts';
import { checkMounts } from '../../mounts/rules/check.ts';
import type { Policy } from '../../policy/policy.ts';
import { type Directories, runPaths } from '../paths.ts';
import { refuseBeyondPolicy } from '../prepare/enforce-policy.ts';
import { makePlan, type PlanDefaults } from '../prepare/plan.ts';
import { promptFor } from '../prepare/prompt.ts';
import type { DryRun } from './explain.ts';

const RUN_ID = '<run>';

/** The same plan and prompt as a launch, with nothing started or copied. */
export function createDryRun(
  parts: {
    mountHost: MountHost;
    policy: () => Policy;
    defaults: PlanDefaults;
    directories: Omit<Directories, 'installation'>;
    secretsDir: string;
    hostLists: HostLists;
  } & Pick<DryRun, 'admission' | 'missing' | 'appsFor'>,
): DryRun {
  const { mountHost, policy, defaults, secretsDir, admission, missing, appsFor } = parts;
  const { workspaceRoot, runDir, varDir } = parts.directories;
  const directories = { workspaceRoot, runDir, varDir, installation: '<installation>' };
  return {
    async plan(profile, event) {
      const repository = event.repository?.fullName ?? '';
      const { mounts, problems } = checkMounts(profile.execution.runtime.dockerArgs.mounts, mountHost);
      if (problems[0]) throw new FlowError({ ...problems[0], blame: 'profile' });
      const plan = makePlan({
        profile,
        repository,
        runId: RUN_ID,
        mounted: mounts,
        paths: runPaths(directories, { id: RUN_ID, repository }),
        defaults,
        secretsDir,
        agents: mountHost.agents,
        runtimeUrl: undefined,
        policy: policy(),
      });
      refuseBeyondPolicy(plan, policy(), { runAs: defaults.runAs });
      return plan;
    },
    prompt: async (profile, event) => promptFor(profile, event, RUN_ID),
    hosts: (allow) => listHosts(parseAllowList(allow, parts.hostLists, policy().privateHosts).list),
    missing,
    appsFor,
    admission,
  };
}
