/** Called with what `notify` was given, or with an empty text when something may have been missed. */
export type OnNotice = (payload: string) => void;

/** Who listens on which channel, in this process. */
export type Notices = {
  /** Gives the function that stops listening. */
  listen(channel: string, onNotice: OnNotice): () => void;
  notify(channel: string, payload: string): void;
  /** Tells everyone on every channel that something may have been missed. */
  notifyAll(): void;
};

/** Nobody listens yet. */
export function createNotices(): Notices {
  const listeners = new Map<string, Set<OnNotice>>();
  const notify = (channel: string, payload: string): void => {
    for (const onNotice of [...(listeners.get(channel) ?? [])]) onNotice(payload);
  };
  return {
    listen(channel, onNotice) {
      // Each call is a listener of its own, though it be given the same function twice.
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
