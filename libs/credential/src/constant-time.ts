import { timingSafeEqual } from 'node:crypto';

/** Compares in time that depends on the lengths only: these are public (a digest's, a signature's). */
export function equalInConstantTime(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
