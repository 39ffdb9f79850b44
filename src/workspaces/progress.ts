/** How far git is: its own word for what it does, and 0 to 100. */
export type Progress = { stage: string; percent: number };

/** Turns git's progress lines, in whatever pieces they come, into calls of `report`, one for each change. */
export function progressReader(report: (progress: Progress) => void): (text: string) => void {
  let rest = '';
  let last = '';
  return (text) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop()?.slice(-1000) ?? '';
    for (const line of lines) {
      const [, stage, percent] = /^(?:remote: )?([A-Z][A-Za-z ]{2,40}): +(\d{1,3})% /.exec(line) ?? [];
      if (stage === undefined || `${stage}${percent}` === last) continue;
      last = `${stage}${percent}`;
      report({ stage, percent: Number(percent) });
    }
  };
}
