import { createHash } from 'node:crypto';
import type { OpenApi, Operation } from './openapi.ts';
import { problems, typeOf } from './problem.ts';

const style = `
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2024;background:#fff}
h1,h2,h3{line-height:1.2}h2{margin-top:2.5rem;border-top:1px solid #d8dde3;padding-top:1.5rem}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f5f7;border-radius:4px}code{padding:.1em .3em}pre{padding:1rem;overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}td,th{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #e4e8ec}
.method{color:#fff;background:#30506e;padding:.1em .5em;border-radius:4px;text-transform:uppercase;font-size:.8em}
@media (prefers-color-scheme:dark){body{color:#e6e9ec;background:#16191c}code,pre{background:#23282d}td,th,h2{border-color:#333a41}}`;

/** For the page's Content-Security-Policy: this style and nothing else. */
export const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

/** The document as a page to read: complete by itself, no script, nothing loaded. */
export function createPage(document: OpenApi): string {
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(info.title)} API</title><style>${style}</style></head><body>
<h1>${escape(info.title)} API</h1>
<p>${escape(info.description)}</p>
<p>Give your API key as <code>Authorization: Bearer KEY</code> or <code>X-API-Key: KEY</code>. The same as a document for programs: <a href="/openapi.json">openapi.json</a>.</p>
<pre>curl -H 'Authorization: Bearer KEY' -H 'Content-Type: application/json' \\
  -d '{"to":"+31612345678","text":"Hello"}' http://HOST/v1/messages</pre>
<ul>${operations.map(({ path, method, operation }) => `<li><a href="#${escape(operation.operationId)}">${escape(operation.summary)}</a> <code>${method.toUpperCase()} ${escape(path)}</code></li>`).join('')}</ul>
${operations.map(operationPart).join('\n')}
<h2>Schemas</h2>
${Object.entries(components.schemas)
  .map(([name, schema]) => schemaPart(name, schema))
  .join('\n')}
<h2>Problems</h2>
<table><tr><th>Type</th><th>Status</th><th>Title</th></tr>
${Object.entries(problems)
  .map(
    ([reason, { status, title }]) =>
      `<tr id="${reason}"><td><code>${typeOf(reason as keyof typeof problems)}</code></td><td>${status}</td><td>${escape(title)}</td></tr>`,
  )
  .join('\n')}
</table></body></html>
`;
}

function operationPart({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const body = requestBody?.content['application/json'];
  return `<h2 id="${escape(operationId)}">${escape(summary)}</h2>
<p><span class="method">${escape(method)}</span> <code>${escape(path)}</code></p><p>${escape(description)}</p>
${parameters.length === 0 ? '' : table(parameters.map((one) => [`<code>${escape(one.name)}</code>`, escape(`in ${one.in}${one.required ? '' : ', optional'}`), escape(one.description)]))}
${body ? `<p>Body: ${typeText(body.schema)}</p>` : ''}
${Object.values(body?.examples ?? {})
  .map(({ value }) => `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`)
  .join('')}
${table(
  Object.entries(responses).map(([status, { description: text, content = {} }]) => [
    `<code>${escape(status)}</code>`,
    escape(text),
    Object.values(content)
      .map(({ schema }) => typeText(schema))
      .join(''),
  ]),
)}`;
}

function schemaPart(name: string, schema: Record<string, unknown>): string {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>);
  const required = new Set((schema.required ?? []) as string[]);
  return `<h3 id="schema-${escape(name)}">${escape(name)}</h3>
${table(properties.map(([key, property]) => [`<code>${escape(key)}</code>${required.has(key) ? '' : ' (optional)'}`, typeText(property), escape(String(property.description ?? ''))]))}`;
}

function typeText(schema: Record<string, unknown>): string {
  const { $ref: reference, type, items, const: constant } = schema;
  const alternatives = (schema.oneOf ?? schema.anyOf) as Record<string, unknown>[] | undefined;
  if (typeof reference === 'string') {
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    return `<a href="#schema-${escape(name)}">${escape(name)}</a>`;
  }
  if (alternatives) return alternatives.map(typeText).join(' or ');
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `<code>${escape(String(value))}</code>`).join(' ');
  if (constant !== undefined) return `<code>${escape(String(constant))}</code>`;
  if (type === 'array') return `list of ${typeText((items ?? {}) as Record<string, unknown>)}`;
  return escape(String(type ?? 'any'));
}

function table(rows: readonly (readonly string[])[]): string {
  return `<table>${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
