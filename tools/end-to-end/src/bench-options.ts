/** What `npm run bench` passes on. */
const full = process.env['BENCH_FULL'] === '1';

export const benchOptions = {
  /** As long and as much as the goals say; else as much as tells the same in a minute or two. */
  full,
  /** 0: no soak. */
  soakSeconds: Number(process.env['BENCH_SOAK_SECONDS'] ?? (full ? '1800' : '0')),
};
