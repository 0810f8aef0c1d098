// Jest sees the same JavaScript that Node runs: types are blanked out in place, so line and column numbers hold without source maps.
import { stripTypeScriptTypes } from 'node:module';

export default {
  process(source) {
    return { code: stripTypeScriptTypes(source) };
  },
};
