import { readFileSync } from 'node:fs';

/** A process that cannot be taken for a later one with its number: `began` is its start, in the kernel's ticks since boot. */
export type ProcessIdentity = { pid: number; began: string };

/** Which process has this number now; undefined when none has. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name of the program stands in parentheses and may hold anything; the start is the 22nd field.
  const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return began === undefined ? undefined : { pid, began };
}

/** Kills a process and all that it started and that did not leave it, if it is that one still. */
export function killTree({ pid, began }: ProcessIdentity): void {
  if (identifyProcess(pid)?.began !== began) return;
  for (const each of treeOf(pid)) kill(each);
}

function treeOf(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(treeOf)];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
