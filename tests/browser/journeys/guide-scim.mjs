// The guides to provisioning that customers were given, followed on our side with the pages; the identity provider's
// half is played with requests in its shapes. OneLogin with a token, Okta with user name and password, Okta with a
// token and the three switches, and the pop-up of OAuth.
// Facts: base; the organization is set up, has Mary as a member and no integration.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createHash } from 'node:crypto';
import { ALICE, look, signInWithPassphrase } from '../acts.mjs';

const BEFORE_THE_RFC = ['urn:scim:schemas:core:2.0', 'urn:scim:schemas:extension:enterprise:2.0'];
const USER = ['urn:ietf:params:scim:schemas:core:2.0:User'];
const GROUP = ['urn:ietf:params:scim:schemas:core:2.0:Group'];
const PATCH = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];

const person = (schemas, address, given, family, more = {}) => ({
  schemas,
  userName: address,
  name: { givenName: given, familyName: family },
  emails: [{ value: address, type: 'work', primary: true }],
  active: true,
  ...more,
});

/** The client of an identity provider: it knows what was copied to it, and nothing else. */
function client(url, authorization, headers) {
  return async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization, ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { ...(text ? JSON.parse(text) : {}), status: answer.status };
  };
}

export default async function ({ arrive, step, base }) {
  const admin = await arrive();
  await admin.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await admin.go('/login');
  await signInWithPassphrase(admin, ALICE);
  await admin.at('You are signed in');
  await oneLogin(admin, step);
  await okta(admin, step);
  await switches(admin, step);
  await popUp(admin, step);
}

/** SCIM in the search, the base URL and the token, the groups after a look at the page. */
async function oneLogin(admin, step) {
  step('OneLogin: find it by "SCIM"');
  await admin.go('/admin');
  await admin.follow('Integrations');
  await admin.follow('Add an integration');
  await admin.fill({ 'Search identity providers': 'scim' });
  await admin.press('Search');
  await admin.link('Okta').waitFor();
  assert.equal(await admin.link('Google Workspace').count(), 0, 'it pushes nobody');
  await look(admin, 'guide-scim-picker');
  await admin.follow('OneLogin');
  await admin.press('Add and go on');
  await admin.at('OneLogin');
  await turnOn(admin, 'OneLogin');
  await look(admin, 'guide-scim-on');

  step('OneLogin: base URL and token');
  const url = await copied(admin, 'SCIM Base URL');
  const { 'Bearer token': token } = await make(admin, 'Make a bearer token', 'guide-scim-token', ['Bearer token']);

  step('OneLogin: enable');
  const headers = { 'content-type': 'application/json' };
  const stranger = client(url, 'Bearer copied-by-halves', headers);
  assert.equal((await stranger('GET', '/Users?filter=userName+eq+%22onelogin-test-user01%22&')).status, 401);
  // The page says so by itself.
  await admin.page.getByText('with a credential that Doorward does not know').waitFor();
  await look(admin, 'guide-scim-stranger');
  const onelogin = client(url, `Bearer ${token}`, headers);
  assert.equal((await onelogin('GET', '/Users?filter=userName+eq+%22onelogin-test-user01%22&')).totalResults, 0);
  await arrived(admin, 2);

  step('OneLogin: people and roles');
  const pia = await onelogin('POST', '/Users?', person(BEFORE_THE_RFC, 'pia@example.com', 'Pia', 'Interviewer'));
  assert.equal(pia.status, 201);
  await arrived(admin, 3);
  const team = await onelogin('POST', '/Groups?', { schemas: BEFORE_THE_RFC.slice(0, 1), displayName: 'Interviewers' });
  const add = { op: 'add', path: 'members', value: [{ value: pia.id }] };
  assert.equal((await onelogin('PATCH', `/Groups/${team.id}?`, { schemas: PATCH, Operations: [add] })).status, 200);
  await arrived(admin, 4);
  await look(admin, 'guide-scim-arrived');
  await admin.follow('Groups');
  await admin.follow('Interviewers');
  await admin.follow('Pia Interviewer');
  await admin.at('Pia Interviewer');

  step('OneLogin: no word of a sign-in that nobody asked for');
  await admin.go('/admin');
  assert.equal(await admin.page.getByText('OneLogin does not know its identity provider').count(), 0);
  await admin.go('/admin/integrations/onelogin');
  await admin.page.getByText('OneLogin provisions people and signs nobody in.').waitFor();
  assert.equal(await admin.button('Test sign-in').count(), 0);
  await look(admin, 'guide-scim-only');
  const visitor = await admin.context.request.get(`${admin.base}/login`);
  assert.ok(!(await visitor.text()).includes('Continue with OneLogin'));
}

/** SCIM URL, user name and password; test, import, create, update, deactivate; what a refusal names. */
async function okta(admin, step) {
  step('Okta: user name and password');
  await add(admin, 'Okta');
  await turnOn(admin, 'Okta');
  const url = await copied(admin, 'SCIM connector base URL');
  const labels = ['User name', 'Passkey'];
  const made = await make(admin, 'Make a user name and passkey', 'guide-scim-basic', labels);
  const basic = Buffer.from(`${made['User name']}:${made.Passkey}`).toString('base64');
  const headers = { 'content-type': 'application/scim+json', 'user-agent': 'Okta SCIM Client 1.0.0' };
  const send = client(url, `Basic ${basic}`, headers);

  step('Okta: test the credentials, import');
  const page = await send('GET', '/Users?startIndex=1&count=100');
  const mary = page.Resources.find((user) => user.userName === 'mary@example.com');
  assert.equal(mary.name.familyName, 'Member');

  step('Okta: required fields');
  await admin.go('/admin/integrations/okta/provisioning/settings');
  await admin.fill({ 'A given name': true, 'A family name': true, 'An e-mail address': true });
  await admin.press('Save');
  await admin.page.getByRole('status').filter({ hasText: 'changed' }).waitFor();
  const nameless = { schemas: USER, userName: 'noor@example.com', emails: [{ value: 'noor@example.com' }], active: true };
  const refused = await send('POST', '/Users', nameless);
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused), /givenName/);

  step('Okta: create, update, deactivate');
  const noor = await send('POST', '/Users', person(USER, 'noor@example.com', 'Noor', 'Newcomer', { groups: [] }));
  const whole = person(USER, 'noor@example.com', 'Noor', 'Married', { id: noor.id, groups: [] });
  assert.equal((await send('PUT', `/Users/${noor.id}`, whole)).status, 200);
  const off = { op: 'replace', value: { active: false } };
  assert.equal((await send('PATCH', `/Users/${noor.id}`, { schemas: PATCH, Operations: [off] })).active, false);
  await admin.go('/admin/people?q=noor');
  await admin.follow('Noor Married');
  await admin.page.getByText('Deactivated').first().waitFor();
  await look(admin, 'guide-scim-person');

  step('Okta: the refusal, and why');
  await admin.go('/admin/integrations/okta/provisioning/requests?only=failed');
  await admin.page.locator('tbody a').first().click();
  await admin.page.getByText('givenName').first().waitFor();
  await look(admin, 'guide-scim-refusal');
}

/** A token, and three switches of which one is off. */
async function switches(admin, step) {
  step('Okta again: a token and the switches');
  await add(admin, 'Okta');
  await turnOn(admin, 'Okta');
  const url = await copied(admin, 'SCIM connector base URL');
  const { 'Bearer token': token } = await make(admin, 'Make a bearer token', 'guide-scim-token', ['Bearer token']);
  await admin.page.locator('.rooms').getByRole('link', { name: 'Settings' }).click();
  await admin.fill({ 'Change people': false });
  await admin.press('Save');
  await admin.page.getByRole('status').filter({ hasText: 'changed' }).waitFor();
  const send = client(url, `Bearer ${token}`, { 'content-type': 'application/scim+json' });
  const lee = await send('POST', '/Users', person(USER, 'lee@example.com', 'Lee', 'Lind'));
  assert.equal(lee.status, 201);
  const renamed = { op: 'replace', value: { 'name.familyName': 'Other' } };
  assert.equal((await send('PATCH', `/Users/${lee.id}`, { schemas: PATCH, Operations: [renamed] })).status, 200);
  await send('POST', '/Groups', { schemas: GROUP, displayName: 'Everyone', members: [{ value: lee.id }] });
  await admin.go('/admin/people?q=lee');
  await admin.link('Lee Lind').waitFor();
}

/** "Authenticate with …": the admin is asked, allows it, and the client gets tokens that work. */
async function popUp(admin, step) {
  step('OAuth: a client');
  const server = createServer((_, response) => response.end('<title>Back</title>Back'));
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const back = `http://127.0.0.1:${server.address().port}/oauth/callback`;
  await admin.go('/admin/integrations/okta/provisioning');
  await admin.follow('Add an OAuth client');
  await admin.fill({ Name: 'Okta', 'Redirect addresses': back });
  await admin.press('Add an OAuth client');
  await admin.at('Copy it now');
  await look(admin, 'guide-scim-client');
  const labels = ['Authorize URL', 'Token URL', 'Client ID', 'Client secret', 'SCIM base URL'];
  const values = {};
  for (const label of labels) values[label] = await copied(admin, label);

  step('OAuth: the pop-up');
  const verifier = 'v'.repeat(64);
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: values['Client ID'],
    redirect_uri: back,
    state: 'kites',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  await admin.page.goto(`${values['Authorize URL']}?${asked}`);
  await look(admin, 'guide-scim-consent');
  await admin.page.getByRole('button', { name: /^Allow/ }).click();
  await admin.page.waitForURL(`${back}?*`);
  const answer = new URL(admin.page.url()).searchParams;
  assert.equal(answer.get('state'), 'kites');
  const tokens = await fetch(values['Token URL'], {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: answer.get('code'),
      redirect_uri: back,
      code_verifier: verifier,
      client_id: values['Client ID'],
      client_secret: values['Client secret'],
    }),
  });
  const { access_token: token } = await tokens.json();
  const send = client(values['SCIM base URL'], `Bearer ${token}`, {});
  assert.equal((await send('GET', '/Users?startIndex=1&count=2')).status, 200);
  await admin.go('/admin/integrations/okta/provisioning');
  await look(admin, 'guide-scim-granted');
  server.close();
}

async function add(admin, provider) {
  await admin.go('/admin/integrations/new?q=scim');
  await admin.follow(provider);
  await admin.press('Add and go on');
  await admin.page.getByText('It is off until you turn it on.').waitFor();
}

/** From the page of a new integration to one that provisions. */
async function turnOn(admin, name) {
  await admin.follow('Set up provisioning (SCIM)');
  await admin.at(`Provisioning through ${name}`);
  await admin.press('Turn it on');
  await admin.press(`Turn ${name} on`);
  await admin.page.getByText('Its identity provider can provision people now.').waitFor();
}

/** Makes a credential and copies these values. Loading the page again makes no second one and shows none. */
async function make(admin, button, picture, labels) {
  await admin.follow(button);
  await admin.press(button);
  await admin.at('Copy it now');
  await look(admin, picture);
  const values = {};
  for (const label of labels) values[label] = await copied(admin, label);
  await admin.page.reload();
  await admin.alert().filter({ hasText: 'A credential was made since this form was opened.' }).waitFor();
  assert.ok(!(await admin.page.content()).includes(values[labels.at(-1)]), 'the secret is shown twice');
  await admin.follow('Cancel');
  await admin.link(button).waitFor();
  assert.equal(await admin.page.locator('[aria-labelledby=credentials] tbody tr').count(), 1);
  return values;
}

/** Waits, without loading the page again, until so many of its four steps are done. */
async function arrived(admin, many) {
  await admin.page.locator('#arrival .is-done').nth(many - 1).waitFor({ timeout: 20_000 });
}

/** What the Copy button beside this label puts on the clipboard. */
async function copied(visitor, label) {
  const row = visitor.page.locator(`[data-copies="${label}"]`).first();
  await row.getByRole('button', { name: `Copy ${label}` }).click();
  await row.getByText('Copied').waitFor();
  return visitor.page.evaluate(() => navigator.clipboard.readText());
}
