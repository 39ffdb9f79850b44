import type { Clock } from '../../../base/clock.ts';
import type { Problem } from '../../../base/errors.ts';
import type { Io } from '../../terminal/io.ts';
import { plain, problemText } from '../../terminal/output.ts';

/** What the demo shows: plain lines, and on a terminal a mark that turns while it works. */
export type Screen = {
  heading(text: string): void;
  /** Text under a heading; every line is indented. */
  text(text: string): void;
  /** A line of a timeline, with the milliseconds since its beginning. */
  moment(ms: number, text: string): void;
  /** Runs one step and prints its duration; gives its result. */
  step<T>(text: string, work: () => Promise<T>): Promise<T>;
  problem(problem: Problem): void;
  /** Turns a mark beside `text` until `rest`; nothing where no terminal is. */
  busy(text: string): void;
  rest(): void;
};

const MARKS = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const TURN_MS = 100;
const ERASE_LINE = '\r\u001b[2K';

/** A screen over the command's streams; the turning mark is on standard error, everything else on standard output. */
export function createScreen(io: Io, clock: Clock): Screen {
  const mark = createMark(io, clock);
  const show = (text: string): void => {
    mark.hide();
    io.out(text);
  };
  return {
    heading: (text) => show(`\n${text}\n${'─'.repeat([...text].length)}\n`),
    text: (text) =>
      show(
        `${plain(text)
          .trimEnd()
          .replaceAll(/^(?=.)/gm, '  ')}\n`,
      ),
    moment: (ms, text) => {
      const at = `${seconds(ms).padStart(8)}  `;
      show(
        `${at}${plain(text)
          .trimEnd()
          .replaceAll('\n', `\n${' '.repeat(at.length)}`)}\n`,
      );
    },
    async step(text, work) {
      const begun = clock.now();
      mark.turn(text);
      try {
        const result = await work();
        show(`  ✓ ${text} (${seconds(clock.now() - begun)})\n`);
        return result;
      } catch (error) {
        show(`  ✗ ${text}\n`);
        throw error;
      } finally {
        mark.stop();
      }
    },
    problem: (problem) => show(`  ✗ ${problemText(problem)}`),
    busy: mark.turn,
    rest: mark.stop,
  };
}

/** Milliseconds for people: `0.4 s`. */
export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

function createMark(io: Io, clock: Clock): { turn(text: string): void; hide(): void; stop(): void } {
  let stopTurning = (): void => {};
  let isShown = false;
  const hide = (): void => {
    if (isShown) io.err(ERASE_LINE);
    isShown = false;
  };
  const stop = (): void => {
    stopTurning();
    stopTurning = () => {};
    hide();
  };
  return {
    hide,
    stop,
    turn(text) {
      stop();
      if (!io.isTerminal) return;
      let turns = 0;
      const begun = clock.now();
      const timer = clock.every(TURN_MS, () => {
        io.err(`${ERASE_LINE}  ${MARKS[turns % MARKS.length]} ${text} ${seconds(clock.now() - begun)}`);
        isShown = true;
        turns += 1;
      });
      stopTurning = timer.stop;
    },
  };
}
