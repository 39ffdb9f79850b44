/** Called with the payload of `notify`, or with an empty text when notices may have been lost. */
export type OnNotice = (payload: string) => void;

/** Who listens on which channel, in this process. */
export type Notices = {
  /** Gives the function that stops listening. */
  listen(channel: string, onNotice: OnNotice): () => void;
  notify(channel: string, payload: string): void;
  /** Calls every listener with an empty payload: notices may have been lost. */
  notifyAll(): void;
};

export function createNotices(): Notices {
  const listeners = new Map<string, Set<OnNotice>>();
  const notify = (channel: string, payload: string): void => {
    for (const onNotice of [...(listeners.get(channel) ?? [])]) onNotice(payload);
  };
  return {
    listen(channel, onNotice) {
      // Each call is a listener of its own, also for the same function.
      const own: OnNotice = (payload) => onNotice(payload);
      const known = listeners.get(channel) ?? new Set();
      listeners.set(channel, known.add(own));
      return () => void known.delete(own);
    },
    notify,
    notifyAll() {
      for (const channel of listeners.keys()) notify(channel, '');
    },
  };
}
