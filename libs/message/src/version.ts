import type { HeliographEvent } from './event.ts';
import { streams } from './flow.ts';

/**
 * What events may need of whoever reads them, as this version of the platform knows it; docs/decisions/0017. Raised by a change that an older
 * reader would get wrong without seeing it, such as a new value of a field that it decides by; not by a field that it may leave alone.
 */
export const recordVersion = 1;

const types: ReadonlySet<string> = new Set(Object.values(streams).flatMap(({ events }) => events));

/** A newer version wrote it, and it cannot be read with what this one knows: it is left to the newer one. */
export function isNewer({ type, needs = 1 }: Pick<HeliographEvent, 'type' | 'needs'>): boolean {
  return needs > recordVersion || !types.has(type);
}
