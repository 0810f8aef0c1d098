import { describe, expect, it } from '@jest/globals';
import { endpoints } from './api.ts';
import { commonProblems, type Endpoint } from './http/endpoint.ts';
import { createOpenApi } from './http/openapi.ts';
import { createPage } from './http/page.ts';
import { problems } from './http/problem.ts';

const document = createOpenApi(endpoints);
const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => String(reference));

describe('the OpenAPI document', () => {
  it('has the parts that OpenAPI 3.1 demands', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect([document.info.title, document.info.version].every(Boolean)).toBe(true);
    expect(Object.keys(document.paths).every((path) => path.startsWith('/'))).toBe(true);
  });

  it('has every endpoint, with its answer, its body and its problems', () => {
    for (const [name, { method, path, answer, body, problems: own }] of Object.entries(endpoints) as [string, Endpoint][]) {
      const operation = document.paths[path]?.[method];
      expect(operation?.operationId).toBe(name);
      expect(operation?.requestBody !== undefined).toBe(body !== undefined);
      const statuses = new Set(
        [
          answer.status,
          ...(answer.created === undefined ? [] : [201]),
          ...[...commonProblems, ...own].map((reason) => problems[reason].status),
        ].map(String),
      );
      expect(new Set(Object.keys(operation?.responses ?? {}))).toEqual(statuses);
    }
  });

  it('declares every parameter of a path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(methods)) {
        expect(parameters.filter((one) => one.in === 'path').map((one) => [one.name, one.required])).toEqual(
          inPath.map((name) => [name, true]),
        );
      }
    }
  });

  it('refers to nothing that is not in it', () => {
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) {
      expect(reference.startsWith('#/components/schemas/')).toBe(true);
      expect(Object.keys(document.components.schemas)).toContain(reference.slice('#/components/schemas/'.length));
    }
  });

  it('shows examples of every body, which fit', () => {
    for (const { body, examples } of Object.values(endpoints) as Endpoint[]) {
      expect(Object.keys(examples ?? {}).length > 0).toBe(body !== undefined);
      for (const example of Object.values(examples ?? {})) expect(body?.safeParse(example)).toMatchObject({ success: true });
    }
  });

  it('says what a submission may be, and that it may be nothing else', () => {
    expect(document.components.schemas.Submission).toMatchObject({
      type: 'object',
      required: ['to'],
      oneOf: [{ required: ['text'] }, { required: ['data'] }],
      additionalProperties: false,
      properties: { class: { enum: ['otp', 'normal', 'bulk'] }, validity: { type: 'integer', minimum: 1, maximum: 604800 } },
    });
  });
});

describe('the page', () => {
  const page = createPage(document);

  it('shows every endpoint, schema and problem', () => {
    for (const { path } of Object.values(endpoints)) expect(page).toContain(path.replaceAll("'", '&#39;'));
    for (const name of Object.keys(document.components.schemas)) expect(page).toContain(`id="schema-${name}"`);
    for (const reason of Object.keys(problems)) expect(page).toContain(`id="${reason}"`);
  });

  it('loads nothing and runs nothing', () => {
    expect(page).not.toMatch(/<script|<link|<img|src=|@import|url\(/i);
  });

  it('has no link that leads nowhere', () => {
    const anchors = [...page.matchAll(/href="#([^"]+)"/g)].map(([, name]) => name);
    expect(anchors.length).toBeGreaterThan(5);
    for (const name of anchors) expect(page).toContain(`id="${name}"`);
  });
});
