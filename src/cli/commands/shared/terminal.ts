import type { Terminal } from '../../../flow/credentials/codex-interactive.ts';
import { usage } from '../../terminal/usage.ts';

/** The terminal that this command was started on. Throws `usage` when standard input or output is none. */
export function openTerminal(kind: string | undefined): Terminal {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw usage(
      'This command needs a terminal, but standard input or output is not one.',
      'Run it in a terminal without pipes; over SSH use `ssh -t`.',
    );
  return {
    kind: kind !== undefined && /^[\w.+-]{1,64}$/.test(kind) ? kind : 'xterm-256color',
    size: () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 }),
    onResize(changed) {
      stdout.on('resize', changed);
      return () => void stdout.off('resize', changed);
    },
    join(container) {
      stdin.setRawMode(true);
      stdin.pipe(container);
      container.pipe(stdout, { end: false });
      container.on('error', () => undefined);
      return () => {
        stdin.unpipe(container);
        container.unpipe(stdout);
        stdin.setRawMode(false);
        stdin.pause();
      };
    },
  };
}
