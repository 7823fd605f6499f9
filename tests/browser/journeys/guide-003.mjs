// The guide to Okta with SAML, just-in-time and SCIM that customers were given, followed on both sides: a connection name
// in lower case, sign-in URL and signing certificate without metadata, roles and teams by their keys and exact names;
// just-in-time creates once and changes nothing afterwards; SCIM is authorised in a pop-up, pushes updates and removes.
// Facts: base, idp; the organization is set up and has nobody but its owner.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ALICE, look, signInWithPassphrase, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';
import { PATCH, USER, allowed, client, letThrough, oauthClient } from '../provisioning.mjs';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export default async function ({ arrive, step, base, idp }) {
  const admin = await arrive();
  const { page } = admin;
  await admin.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await admin.go('/login');
  await signInWithPassphrase(admin, ALICE);

  step('the four roles, the lowest first, and the teams');
  await role(admin, 'sender', 'Sender', ['Use apps', 'Sign in to the portal', 'See the directory']);
  await page.getByRole('button', { name: 'Move Sender up in the list, to less' }).click();
  await page.getByText('The role Sender was moved.').waitFor();
  await role(admin, 'department_admin', 'Department admin', ['Use apps', 'Sign in to the portal', 'Manage people']);
  const keys = await page.locator('td[data-label=Key]').allInnerTexts();
  for (const key of ['admin', 'department_admin', 'manager', 'sender']) assert.ok(keys.includes(key), `${keys}`);
  assert.equal(keys[0], 'sender');
  await look(admin, 'guide-003-roles');
  for (const name of ['Field Sales', 'Marketing', 'Everybody else']) {
    await admin.go('/admin/access/teams/new');
    await admin.fill({ Name: name });
    await admin.press('Add this team');
    await page.getByText(`The team ${name} was added.`).waitFor();
  }

  step('a connection name in lower case, which no other connection has');
  await admin.go('/admin/integrations/new?provider=okta');
  await admin.fill({ 'Short name': 'Acme Inc' });
  await admin.press('Add and go on');
  await admin.page.locator('.error').first().waitFor();
  await look(admin, 'guide-003-name');
  await admin.fill({ 'Short name': 'acme' });
  await admin.press('Add and go on');
  await page.getByText('It is off until you turn it on.').waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), admin.follow('Download the SP metadata')]);
  await tell(idp, { cmd: 'service_provider', sp_metadata: readFileSync(await file.path(), 'utf8') });

  step('the sign-in URL and the signing certificate, and no metadata');
  const okta = await details(idp);
  await admin.go('/admin/integrations/acme/identity-provider');
  await admin.follow('By hand');
  await admin.fill({
    'Entity ID (Issuer)': okta.issuer,
    'Sign-in URL (SSO URL)': okta.signOnUrl,
    'Signing certificate': okta.certificate,
  });
  await look(admin, 'guide-003-by-hand');
  await page.locator('main form[enctype] button, main form .actions button').last().click();
  await page.getByText(/Doorward knows the identity provider of|It was read/).first().waitFor();

  step('the attributes: userType is the role by its key, division the team by its exact name');
  await admin.go('/admin/integrations/acme/domains');
  const word = page.locator('[aria-labelledby=confirm]');
  await word.getByLabel('Domain', { exact: true }).fill('example.com');
  await word.getByRole('checkbox').check();
  await word.getByRole('button', { name: 'Confirm the domain' }).click();
  await page.getByText('example.com is confirmed').waitFor();
  await admin.go('/admin/integrations/acme/mapping');
  const rows = [
    ['User name', 'user_name'],
    ['Role', 'userType'],
    ['Team', 'division'],
  ];
  for (const [place, [field, source]] of rows.entries()) {
    const number = place + 4;
    await admin.fill({ [`Our field, row ${number}`]: field, [`Source, row ${number}`]: source });
    await page.getByLabel(`Rule, row ${number}`).selectOption({ label: 'Overwrite on update' });
  }
  await admin.fill({ 'Add people at their first sign-in': true, 'Their team, when no value names one': 'Everybody else' });
  await admin.press('Save');
  await page.getByRole('status').filter({ hasText: 'changed' }).waitFor();
  await look(admin, 'guide-003-mapping');
  await admin.go('/admin/integrations/acme');
  await admin.press('Turn Okta on without a test');
  await page.getByText('Okta is on.').waitFor();

  step('just in time: the first click on the tile creates');
  const mia = { email: 'mia@example.com', user_name: 'mia', givenName: 'Mia', familyName: 'Field', userType: 'manager', division: 'Field Sales' };
  const nils = { email: 'nils@example.com', user_name: 'nils', givenName: 'Nils', familyName: 'Nothing' };
  await people(idp, mia, nils);
  const mias = await arrive();
  await tile(mias, idp, 'Mia Field');
  await mias.at('You are signed in');
  await seen(admin, 'mia', { 'Role of their own': 'Manager', Team: 'Field Sales' });
  await look(admin, 'guide-003-person');

  step('no userType is the lowest role; no division the team that was chosen');
  const nilss = await arrive();
  await tile(nilss, idp, 'Nils Nothing');
  await nilss.at('You are signed in');
  await seen(admin, 'nils', { 'Role of their own': 'Sender', Team: 'Everybody else' });

  step('no updates and no removals are handled by just-in-time');
  await people(idp, { ...mia, familyName: 'Changed', userType: 'admin', division: 'Marketing' }, nils);
  await mias.go('/logout');
  await mias.press('Sign out');
  await tile(mias, idp, 'Mia Changed');
  await mias.at('You are signed in');
  await seen(admin, 'mia', { 'Role of their own': 'Manager', Team: 'Field Sales' });
  await admin.at('Mia Field');

  step('the sign-in that starts here');
  const starts = await arrive();
  await starts.go('/login');
  await starts.follow('Continue with Okta');
  await signInAs(starts, 'Mia Changed');
  await starts.at('You are signed in');

  step('SCIM: Authenticate, log in, Allow');
  await admin.go('/admin/integrations/acme');
  await admin.follow('Set up provisioning (SCIM)');
  await admin.press('Turn it on');
  await page.waitForURL(/provisioning/);
  await letThrough(admin);
  const { server, back, values } = await oauthClient(admin, 'acme', 'guide-003-client');
  const token = await allowed(admin, back, values, 'guide-003-consent');
  const send = client(values['SCIM base URL'], `Bearer ${token}`, { 'content-type': 'application/scim+json' });
  assert.equal((await send('GET', '/Users?startIndex=1&count=2')).status, 200);

  step('assigned: created at once; no userType is sender, no division no team');
  const okto = await send('POST', '/Users', user('otto@example.com', 'Otto', 'Assigned'));
  assert.equal(okto.status, 201);
  await seen(admin, 'otto', { 'Role of their own': 'Sender', Team: 'none' });

  step('updates to the profile are pushed');
  const changed = user('otto@example.com', 'Otto', 'Assigned', { userType: 'department_admin', [ENTERPRISE]: { division: 'Marketing' } });
  assert.equal((await send('PUT', `/Users/${okto.id}`, changed)).status, 200);
  await seen(admin, 'otto', { 'Role of their own': 'Department admin', Team: 'Marketing' });

  step('unassigned: removed');
  const off = { schemas: PATCH, Operations: [{ op: 'replace', value: { active: false } }] };
  assert.equal((await send('PATCH', `/Users/${okto.id}`, off)).status, 200);
  await admin.go('/admin/people?q=otto');
  await page.getByText('Deactivated').last().waitFor();
  server.close();
}

/** What Okta shows under "More details". */
async function details(idp) {
  const { xml } = await tell(idp, { cmd: 'metadata' });
  const one = (pattern) => xml.match(pattern)[1];
  const body = one(/X509Certificate>([^<]+)</).replace(/\s/g, '');
  return {
    issuer: one(/entityID="([^"]+)"/),
    signOnUrl: one(/SingleSignOnService[^>]*HTTP-Redirect"[^>]*Location="([^"]+)"/),
    certificate: `-----BEGIN CERTIFICATE-----\n${body.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}

async function role(admin, key, name, may) {
  await admin.go('/admin/access/roles/new');
  await admin.fill({ Key: key, Name: name, ...Object.fromEntries(may.map((one) => [one, true])) });
  await admin.press('Add this role');
  await admin.page.getByText(`The role ${name} was added.`).waitFor();
}

async function people(idp, ...all) {
  const one = (attributes) => ({
    name: `${attributes.givenName} ${attributes.familyName}`,
    name_id: attributes.email,
    name_id_format: 'emailAddress',
    attributes,
  });
  await tell(idp, { cmd: 'people', people: all.map(one) });
}

const user = (address, given, family, more = {}) => ({
  schemas: USER,
  userName: address,
  name: { givenName: given, familyName: family },
  emails: [{ value: address, type: 'work', primary: true }],
  active: true,
  groups: [],
  ...more,
});

async function tile(visitor, idp, name) {
  await visitor.page.goto(`${idp}/portal`);
  await visitor.page.getByLabel('Sign in as').selectOption({ label: name });
  await visitor.page.getByRole('button', { name: 'Doorward' }).click();
  await signInAs(visitor, name);
}

/** What a person's page says of why they have what they have. */
async function seen(admin, who, what) {
  await admin.go(`/admin/people?q=${who}`);
  await admin.click(admin.page.locator('main table a.row').first());
  for (const [part, value] of Object.entries(what)) {
    const row = admin.page.locator('[aria-labelledby=why] tr', { has: admin.page.getByRole('rowheader', { name: part, exact: true }) });
    assert.equal((await row.locator('td').first().innerText()).trim(), value, `${who}: ${part}`);
  }
}
