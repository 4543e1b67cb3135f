import type { ApiDescription } from './openapi.ts';
import { escapeHtml, readPart, sendPage } from './page.ts';
import { openOperation } from './route.ts';
import type { OpenOperation } from './route.ts';

const page = readPart('./docs-page/page.html');
const css = readPart('./docs-page/docs.css');

/** The description for people. Drawn here, so that the page needs no script and no other host. */
export function docsPage(describe: () => ApiDescription): OpenOperation {
  return openOperation({
    summary: 'This description, for people',
    answers: { 200: { type: 'text/html', description: 'The page' } },
    async serve({ res }) {
      const description = describe();
      const introduction = escapeHtml(description.info.description ?? '');
      sendPage(res, page, { css, introduction, sections: drawSections(description) });
    },
  });
}

function drawSections(description: ApiDescription): string {
  const sections = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(description.paths ?? {})) {
    for (const [method, does] of Object.entries(methods as Record<string, Described>)) {
      const tag = does.tags?.[0] ?? '';
      sections.set(tag, [...(sections.get(tag) ?? []), drawOperation(method, path, does)]);
    }
  }
  sections.set('shapes', [drawShapes(description)]);
  return [...sections]
    .map(([tag, operations]) => `<section><h2>${escapeHtml(tag)}</h2>${operations.join('')}</section>`)
    .join('');
}

interface Described {
  summary?: string;
  tags?: string[];
  parameters?: unknown;
  requestBody?: unknown;
  responses?: unknown;
  'x-who'?: unknown;
}

function drawOperation(method: string, path: string, does: Described): string {
  const part = (name: string, value: unknown) =>
    value === undefined ? '' : `<h3>${name}</h3><pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`;
  return `<details>
    <summary>
      <span class="method">${escapeHtml(method)}</span> <code>${escapeHtml(path)}</code>
      <span class="who">${escapeHtml(String(does['x-who']))}</span> ${escapeHtml(does.summary ?? '')}
    </summary>
    ${part('Parameters', does.parameters)}${part('Request', does.requestBody)}${part('Answers', does.responses)}
  </details>`;
}

function drawShapes(description: ApiDescription): string {
  return Object.entries(description.components?.schemas ?? {})
    .map(
      ([name, schema]) =>
        `<details><summary><code>${escapeHtml(name)}</code></summary>
        <pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre></details>`,
    )
    .join('');
}
