import { scopesOfRole } from '@heliograph/registry';
import type { Caller } from './caller.ts';

const role = 'operator-admin';

/** Who makes the first operators: known by the configuration alone, so that an empty registry can be filled over the API. */
export const firstOperator: Caller = {
  credential: 'operator',
  tenant: '',
  role,
  mode: 'live',
  may: (scope) => scopesOfRole[role].has(scope),
};
