/** What happened in a run, with the seconds since its beginning: printed when it fails. */
export interface Story {
  say(line: string): void;
  readonly text: string;
}

export function createStory(nowMs: () => number, heard: (line: string) => void = () => {}): Story {
  const startedMs = nowMs();
  const lines: string[] = [];
  return {
    say(text) {
      const line = `${((nowMs() - startedMs) / 1000).toFixed(2).padStart(8)} s  ${text}`;
      lines.push(line);
      heard(line);
    },
    get text() {
      return lines.join('\n');
    },
  };
}
