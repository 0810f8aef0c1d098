/** One configuration for every project: specs beside the code, `test/` for what needs real servers. */
export default {
  testEnvironment: 'node',
  // containers or the embedded servers, decided once
  globalSetup: '<rootDir>/libs/testbed/src/jest-setup.ts',
  testMatch: ['<rootDir>/{apps,libs,tools}/**/*.spec.ts', '<rootDir>/{apps,libs,tools}/**/*.fuzz.ts', '<rootDir>/test/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/jest/strip-types.js' },
  // servers and processes do most of the work: a worker less than cores leaves the machine idle
  maxWorkers: '100%',
  // real servers on a busy machine
  testTimeout: 30_000,
  modulePathIgnorePatterns: ['<rootDir>/.data/'],
};
