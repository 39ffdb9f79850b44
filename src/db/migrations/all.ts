import type { Migration } from 'kysely/migration';
import * as deliveries from './0001-deliveries.ts';
import * as runs from './0002-runs.ts';
import * as reports from './0003-reports.ts';
import * as appTokens from './0004-app-tokens.ts';
import * as queue from './0005-queue.ts';
import * as workers from './0006-workers.ts';
import * as upkeep from './0007-upkeep.ts';
import * as talk from './0008-talk.ts';
import * as publications from './0009-publications.ts';
import * as heads from './0010-heads.ts';
import * as actorIds from './0011-actor-ids.ts';
import * as suspicion from './0017-suspicion.ts';
import * as signers from './0018-signers.ts';
import * as hint from './0019-hint.ts';
import * as limits from './0021-limits.ts';
import * as outbox from './0022-outbox.ts';
import * as agentKinds from './0023-agent-kinds.ts';
import * as timelineKinds from './0024-timeline-kinds.ts';

/** Every migration under the name it is remembered by; run in the order of the names, each once. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-deliveries': deliveries,
  '0002-runs': runs,
  '0003-reports': reports,
  '0004-app-tokens': appTokens,
  '0005-queue': queue,
  '0006-workers': workers,
  '0007-upkeep': upkeep,
  '0008-talk': talk,
  '0009-publications': publications,
  '0010-heads': heads,
  '0017-suspicion': suspicion,
  '0011-actor-ids': actorIds,
  '0018-signers': signers,
  '0019-hint': hint,
  '0021-limits': limits,
  '0022-outbox': outbox,
  '0023-agent-kinds': agentKinds,
  '0024-timeline-kinds': timelineKinds,
};
