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
  embedded: [],
  migrate: ['embedded'],
  queue: ['message'],
  registry: ['message', 'e164'],
  accept: ['message', 'e164', 'segment', 'queue', 'registry', 'service'],
  testbed: ['message', 'queue', 'registry', 'credential', 'embedded', 'migrate'],
};

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
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: [
            ...Object.entries(libs).map(([name, uses]) => ({
              sourceTag: `scope:${name}`,
              onlyDependOnLibsWithTags: [`scope:${name}`, ...uses.map((use) => `scope:${use}`)],
            })),
            { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:lib'] },
            { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['type:lib', 'type:tool'] },
          ],
        },
      ],
    },
  },
  {
    files: ['apps/**/src/**/*.ts', 'libs/**/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/*.fuzz.ts', '**/*.bench.ts', 'libs/queue/**'],
    rules: forbid(['@nats-io/*'], 'JetStream clients live in libs/queue alone'),
  },
  {
    files: ['apps/**/src/**/*.ts', 'libs/**/src/**/*.ts'],
    ignores: ['apps/http-api/**', 'libs/queue/**'],
    rules: forbid(['express', 'passport', 'passport-*', '@nats-io/*'], 'Express lives in http-api alone, JetStream clients in libs/queue'),
  },
);
