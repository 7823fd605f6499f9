// The guides to provisioning that customers were given, followed on our side with the pages; the identity provider's
// half is played with requests in its shapes. OneLogin with a token, Okta with user name and password, Okta with a
// token and the three switches, and the pop-up of OAuth.
// Facts: base; the organization is set up, has Mary as a member and no integration.

import assert from 'node:assert/strict';
import { ALICE, look, signInWithPassphrase } from '../acts.mjs';
import {
  BEFORE_THE_RFC, GROUP, PATCH, USER, add, allowed, arrived, client, copied, letThrough, make, oauthClient,
  person, turnOn,
} from '../provisioning.mjs';

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
  await letThrough(admin);
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
  await letThrough(admin);
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
  await letThrough(admin);
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
  const { server, back, values } = await oauthClient(admin, 'okta', 'guide-scim-client');

  step('OAuth: the pop-up');
  const token = await allowed(admin, back, values, 'guide-scim-consent');
  const send = client(values['SCIM base URL'], `Bearer ${token}`, {});
  assert.equal((await send('GET', '/Users?startIndex=1&count=2')).status, 200);
  await admin.go('/admin/integrations/okta/provisioning');
  await look(admin, 'guide-scim-granted');
  server.close();
}
