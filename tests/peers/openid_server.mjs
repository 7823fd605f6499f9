// An OpenID Provider that is not ours, made of oidc-provider: with pages for browsers, over plain HTTP on loopback.
//
//   the provider's own addresses, /.well-known/openid-configuration and what it names
//   GET  /interaction/{uid}   a page "Sign in as …"
//   POST /interaction/{uid}   the person was chosen
//   POST /control             one command as JSON, answered as JSON; the same commands are taken as lines on stdin
//
// Commands: `client` (metadata of the one application; answers its client ID and the issuer) and `people`.
// The first line on standard output is the port. The program ends when standard input closes.

import { createServer } from 'node:http';
import { answer, answerLines } from './lines.mjs';
import { choicePage, errorPage } from './idp_pages.mjs';
import { requireInstalled } from './modules.mjs';

const { Provider } = await import(requireInstalled.resolve('oidc-provider'));

const state = {
  people: [
    { name: 'Mary Member', sub: 'mary', email: 'mary@example.com', email_verified: true, given_name: 'Mary', family_name: 'Member' },
    { name: 'Stella Stranger', sub: 'stella', email: 'stella@example.com', email_verified: true, given_name: 'Stella', family_name: 'Stranger' },
  ],
  provider: null,
  issuer: '',
};

const commands = {
  // A provider knows its applications from its start, so that another application means another provider.
  client: ({ client, thin = false }) => {
    const metadata = { client_id: '0oa1b2c3d4', grant_types: ['authorization_code'], response_types: ['code'], ...client };
    state.provider = make(metadata, thin);
    return { issuer: state.issuer, client_id: metadata.client_id };
  },
  people: ({ people }) => ({ people: (state.people = people).length }),
};

function make(client, thin) {
  const provider = new Provider(state.issuer, {
    clients: [client],
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'given_name', 'family_name'],
      groups: ['groups'],
    },
    scopes: ['openid', 'offline_access'],
    conformIdTokenClaims: thin,
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => {
      const person = state.people.find(({ sub }) => sub === id);
      return person && { accountId: id, claims: () => person };
    },
    // Nobody is asked for consent: the organization gave it for its people.
    loadExistingGrant: async (ctx) => {
      const { client: asks, session, params } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId: asks.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      await grant.save();
      return grant;
    },
  });
  for (const event of ['grant.error', 'authorization.error', 'server_error']) {
    provider.on(event, (_, problem) => console.error(event, problem.message, problem.error_detail ?? ''));
  }
  return provider;
}

async function interact(request, response) {
  if (request.method === 'GET') {
    const { uid, prompt } = await state.provider.interactionDetails(request, response);
    // It asks once more for every native application, whatever was granted.
    if (prompt.name === 'consent') return state.provider.interactionFinished(request, response, { consent: {} });
    return send(response, 200, choicePage(state.people, `/interaction/${uid}`));
  }
  const form = new URLSearchParams(await read(request));
  const person = state.people[Number(form.get('person'))];
  const login = { accountId: person.sub };
  return state.provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}

async function read(request) {
  let body = '';
  for await (const piece of request) body += piece;
  return body;
}

function send(response, status, body, type = 'text/html') {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body);
}

async function handle(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  try {
    if (pathname === '/control') {
      const answered = await answer(commands, await read(request));
      return send(response, 200, JSON.stringify(answered), 'application/json');
    }
    if (!state.provider) return send(response, 404, errorPage('There is no application yet.'));
    if (pathname.startsWith('/interaction/')) return await interact(request, response);
    return state.provider.callback()(request, response);
  } catch (problem) {
    console.error(problem);
    send(response, 400, errorPage(problem.message));
  }
}

const server = createServer(handle);
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  state.issuer = `http://localhost:${port}`;
  process.stdout.write(`${port}\n`);
  await answerLines(commands);
  process.exit(0);
});
