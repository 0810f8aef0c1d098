/** For what may happen often and is told seldom: of the first, and then every `everyMs` at most how many there were since. Times are ms of one clock. */
export function createSeldom(everyMs: number): (now: number, tell: (count: number) => void) => void {
  let toldAt = -Infinity;
  let count = 0;
  return (now, tell) => {
    count++;
    if (now - toldAt < everyMs) return;
    tell(count);
    toldAt = now;
    count = 0;
  };
}
