import { strict as assert } from 'node:assert';
import { routes } from '../../api/routes.ts';
import { call, openApiStage } from './stage.ts';

interface Described {
  summary: string;
  'x-who': string;
  parameters?: { in: string; name: string; required?: boolean }[];
  operationId: string;
  requestBody?: { required?: boolean };
  responses: Record<string, object>;
}

describe('the description of the API', () => {
  let document: {
    openapi: string;
    servers: object[];
    paths: Record<string, Record<string, Described>>;
    components: object;
  };
  let page: string;
  before(async () => {
    const stage = await openApiStage();
    document = (await call(stage.url, 'GET', '/openapi.json')).body as unknown as typeof document;
    page = await (await fetch(`${stage.url}/docs`)).text();
    await stage.close();
  });

  it('TEN-2 names every route of the table with who may use it, and no other', () => {
    assert.equal(document.openapi, '3.1.0');
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, does]) => `${method} ${path} ${does['x-who']}`),
    );
    assert.deepEqual(
      described.sort(),
      routes.map(({ method, path, who }) => `${method} ${path} ${who}`).sort(),
    );
  });

  it('TEN-2 declares every parameter of a path, and an answer for every call', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1]);
      for (const [method, does] of Object.entries(methods)) {
        const declared = (does.parameters ?? []).filter(({ in: where }) => where === 'path');
        assert.deepEqual(
          declared.map(({ name }) => name),
          inPath,
          `${method} ${path}`,
        );
        assert.ok(declared.every(({ required }) => required === true));
        assert.ok(
          Object.keys(does.responses).some((status) => status.startsWith('2')),
          `${method} ${path}`,
        );
      }
    }
  });

  it('TEN-2 refers to nothing that it does not define', () => {
    const text = JSON.stringify(document);
    const defined = new Set(
      Object.keys((document.components as { schemas: object }).schemas).map(
        (name) => `#/components/schemas/${name}`,
      ),
    );
    for (const [, reference] of text.matchAll(/"\$ref":"([^"]+)"/g))
      assert.ok(defined.has(reference ?? ''), reference);
    assert.ok(defined.size > 5);
  });

  it('TEN-2 shows every route to people on a page that needs no script and no other host', () => {
    for (const { path } of routes) assert.ok(page.includes(`<code>${path}</code>`), path);
    assert.ok(!/<script|(src|href)="https?:/.test(page));
  });

  it('TEN-2 gives every call of its own a name', () => {
    const names = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.includes('get_v1_agents_id') && names.includes('post_v1_conversations_id_take_over'));
  });

  it('TEN-2 says where the calls go, and which of them cannot do without a body', () => {
    assert.deepEqual(document.servers, [{ url: '/' }]);
    const required = (path: string, method: string) => document.paths[path]?.[method]?.requestBody?.required;
    assert.equal(required('/v1/agents', 'post'), true);
    assert.equal(required('/v1/agents/{id}', 'patch'), true);
    assert.equal(required('/chat/{channel_integration}/messages', 'post'), true);
    assert.equal(required('/v1/conversations/{id}/take-over', 'post'), false);
  });
});
