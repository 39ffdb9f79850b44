// A service that renews the login in argv's state directory with argv's image, until somebody kills it.

import { createCodexRefresh } from '../../../src/agents/codex/login/refresh.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { createRedactor } from '../../../src/log/redact.ts';
import { engine, runAs } from '../engine/container-run.ts';

const [stateDir = '', image = '', installation = ''] = process.argv.slice(2);
const redactor = createRedactor();
const log = createLogger({ level: 'silent', redactor });
const refresh = createCodexRefresh({
  ...{ engine, image, owner: runAs, installation, redactor, clock: systemClock, log },
});
console.log('ready');
await refresh.ensure(stateDir, {
  untilMs: Date.now() + 1_800_000,
  signal: new AbortController().signal,
  note: async () => undefined,
});
console.log('renewed');
