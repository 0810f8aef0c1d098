/**
 * Lets in no more submissions at once than a process can hold, and keeps room for a tenant that comes later: while `n` tenants have submissions
 * in work, one that has more than the `n + 1`th part gets no more in. A tenant that is alone may fill half.
 */
export interface LoadGate {
  /** True: leave when it is answered. False: its share is in work already, or all that can be. */
  enter(tenant: string): boolean;
  leave(tenant: string): void;
}

/** `inWorkMax`: submissions, 1 or more. */
export function createLoadGate(inWorkMax: number): LoadGate {
  const inWork = new Map<string, number>();
  let all = 0;
  return {
    enter(tenant) {
      const own = inWork.get(tenant) ?? 0;
      const tenants = own > 0 ? inWork.size : inWork.size + 1;
      if (all >= inWorkMax || (own > 0 && (own + 1) * (tenants + 1) > inWorkMax)) return false;
      inWork.set(tenant, own + 1);
      all++;
      return true;
    },
    leave(tenant) {
      const left = (inWork.get(tenant) ?? 0) - 1;
      all--;
      if (left > 0) inWork.set(tenant, left);
      else inWork.delete(tenant);
    },
  };
}
