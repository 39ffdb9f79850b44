/** Who works on a run: the process, and the host and engine that it works with. */
export type RunOwner = { worker: string; host: string };
