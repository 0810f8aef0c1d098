import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import whom: the layout of the design, one scope tag per project. What is not listed is refused. */
const libs = {
  message: ['e164'],
  e164: [],
  segment: [],
  smpp: [],
  credential: [],
  service: [],
  webhook: [],
  sqlstate: [],
  embedded: [],
  migrate: [],
  queue: ['message'],
  routing: ['message', 'e164'],
  registry: ['message', 'e164', 'routing'],
  accept: ['message', 'e164', 'segment', 'queue', 'registry', 'routing', 'service'],
  testbed: ['message', 'queue', 'registry', 'credential', 'embedded', 'migrate'],
};

/** `more`: what tests may import beside what their project may; the stand-ins among the tools, too. */
const boundaries = (more) => [
  'error',
  {
    enforceBuildableLibDependency: false,
    allow: [],
    // a test that imports late does not make a library lazy for everybody
    checkDynamicDependenciesExceptions: ['.*'],
    depConstraints: [
      ...Object.entries(libs).map(([name, uses]) => ({
        sourceTag: `scope:${name}`,
        onlyDependOnLibsWithTags: [name, ...uses, ...more].map((use) => `scope:${use}`),
      })),
      { sourceTag: 'type:app', onlyDependOnLibsWithTags: more.length > 0 ? ['type:lib', 'type:tool'] : ['type:lib'] },
      { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:lib', 'type:tool'] },
    ],
  },
];

const tests = ['**/*.spec.ts', '**/*.fuzz.ts', '**/*.bench.ts', '**/test/**/*.ts'];
const forbid = (names, message) => ({ 'no-restricted-imports': ['error', { patterns: [{ group: names, message }] }] });

export default tseslint.config(
  { ignores: ['**/generated/**', '**/node_modules/**', '.nx/**', '.data/**', 'coverage/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@nx/enforce-module-boundaries': boundaries([]),
    },
  },
  { files: tests, rules: { '@nx/enforce-module-boundaries': boundaries(['embedded', 'migrate']) } },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: [...tests, 'apps/http-api/**', 'libs/queue/**'],
    rules: forbid(['express', 'passport', 'passport-*', '@nats-io/*'], 'Express lives in http-api alone, JetStream clients in libs/queue'),
  },
  {
    files: ['apps/http-api/**/*.ts'],
    ignores: tests,
    rules: forbid(['@nats-io/*'], 'JetStream clients live in libs/queue alone'),
  },
);
