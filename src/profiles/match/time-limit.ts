import { createContext, Script } from 'node:vm';

/** Runs work that may not take longer than it is given. */
type TimeLimit = {
  /** What `work` gives, or `tooLong` when it was still at it after the limit; whatever it throws is thrown. Nothing it calls may be asynchronous. */
  run<T>(work: () => T, tooLong: T): T;
};

/**
 * A limit in milliseconds on synchronous work, by the engine's own watchdog: the one thing that stops a loop
 * which never waits. It costs about a tenth of a millisecond a call.
 * https://nodejs.org/api/vm.html#scriptrunincontextcontextifiedobject-options
 */
export function createTimeLimit(ms: number): TimeLimit {
  const room: { work: () => void } = { work: () => undefined };
  const context = createContext(room);
  const script = new Script('work()');
  return {
    run(work, tooLong) {
      let result = tooLong;
      room.work = () => {
        result = work();
      };
      try {
        script.runInContext(context, { timeout: ms });
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
        return tooLong;
      } finally {
        room.work = () => undefined;
      }
      return result;
    },
  };
}
