// A small identity provider for the browser journeys: samlify behind HTTP on loopback.
//
//   GET  /metadata        its metadata
//   GET  /sso             sign-in asked by Redirect      ┐ a page "Sign in as …", then the response is posted
//   POST /sso             sign-in asked by POST          ┘ to the service provider, at once or by "Continue"
//   GET  /portal          one tile, which signs in without having been asked
//   POST /control         one command as JSON, answered as JSON; the same commands are taken as lines on stdin
//
// The first line on standard output is the port. The program ends when standard input closes.
// Addresses say "localhost", so that a browser sees another site than http://127.0.0.1: cookies must survive that.

import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { answer, answerLines } from './lines.mjs';
import { errorPage, loginPage, portalPage, postingPage } from './idp_pages.mjs';
import { IdentityProvider, Refused } from './samlify.mjs';

const provider = new IdentityProvider();
const state = {
  people: [
    { name: 'Mary Member', name_id: 'mary', attributes: { email: 'mary@example.com', firstName: 'Mary', lastName: 'Member' } },
    { name: 'Stella Stranger', name_id: 'stella', attributes: { email: 'stella@example.com', firstName: 'Stella', lastName: 'Stranger' } },
  ],
  metadata: { certificates: ['a'] },
  response: {},
  spMetadata: null,
  requests: 0,
};

const commands = {
  // The service provider's metadata, as XML, or fetched from its address.
  service_provider: async ({ sp_metadata, url }) => {
    state.spMetadata = sp_metadata ?? (await fetched(url));
    return { bytes: state.spMetadata.length };
  },
  people: ({ people }) => ({ people: (state.people = people).length }),
  // What /metadata publishes and how responses are made from now on; see "metadata" and "respond" in README.md.
  settings: ({ metadata = {}, response = {} }) => {
    Object.assign(state.metadata, metadata);
    Object.assign(state.response, response);
    return { metadata: state.metadata, response: state.response };
  },
  metadata: () => provider.metadata({ cmd: 'metadata', ...state.metadata }),
  // How many sign-ins were asked for by a request; a tile is none.
  requests: () => ({ requests: state.requests }),
};

async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Refused(`${url} answered ${response.status}`);
  return response.text();
}

/** The sign-in that the browser brought: the request stays inside the form until a person has been chosen. */
async function ask(parameters, binding) {
  const asked = binding === 'redirect' ? { query: parameters } : { binding, authn_request: parameters.get('SAMLRequest') };
  const relay = binding === 'redirect' ? undefined : parameters.get('RelayState') ?? undefined;
  // Answering once for nobody is how samlify judges the request before anyone is asked to sign in.
  await respond({ name_id: 'nobody' }, { ...asked, relay_state: relay });
  state.requests += 1;
  return loginPage(state.people, { ...asked, relay_state: relay });
}

function respond(person, asked) {
  const { name, ...subject } = person;
  const settings = { require_signed: state.metadata.require_signed, ...state.response };
  return provider.respond({ cmd: 'respond', ...settings, ...subject, ...asked, sp_metadata: state.spMetadata });
}

async function signIn(form) {
  const person = state.people[Number(form.get('person'))];
  if (!person) throw new Refused('nobody was chosen');
  return postingPage(await respond(person, JSON.parse(form.get('asked') || '{}')));
}

const routes = {
  'GET /metadata': async () => ({ type: 'application/samlmetadata+xml', body: commands.metadata().xml }),
  'GET /sso': async ({ url }) => ({ body: await ask(url.search.slice(1), 'redirect') }),
  'POST /sso': async ({ form }) => ({ body: await ask(form(), 'post') }),
  'POST /sign-in': async ({ form }) => ({ body: await signIn(form()) }),
  'GET /portal': async () => ({ body: portalPage(state.people) }),
  'POST /control': async ({ body }) => ({ type: 'application/json', body: JSON.stringify(await answer(commands, body)) }),
};

async function handle(request, response) {
  const url = new URL(request.url, 'http://localhost');
  let body = '';
  for await (const piece of request) body += piece;
  const route = routes[`${request.method} ${url.pathname}`];
  try {
    if (!route) return send(response, 404, { body: errorPage('There is no such page.') });
    send(response, 200, await route({ url, body, form: () => new URLSearchParams(body) }));
  } catch (problem) {
    if (!(problem instanceof Refused)) console.error(problem);
    send(response, 400, { body: errorPage(`The request was not accepted: ${problem.message}`) });
  }
}

function send(response, status, { type = 'text/html', body }) {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body);
}

const secure = process.argv.includes('--tls');
const { key, certificate: cert } = secure ? provider.keys.pair('tls', 'localhost') : {};
const server = secure ? createSecureServer({ key, cert }, handle) : createServer(handle);
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const base = `${secure ? 'https' : 'http'}://localhost:${port}`;
  Object.assign(provider, { entityId: `${base}/metadata`, ssoUrl: `${base}/sso` });
  process.stdout.write(`${port}\n`);
  await answerLines(commands);
  process.exit(0);
});
