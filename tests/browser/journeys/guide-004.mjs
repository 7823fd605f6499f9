// The guide to provisioning from Okta with field rules that customers were given, followed on both sides: one switch turns
// provisioning on and a token goes over; create, deactivate and update are each switched; every field is written on
// create only, overwritten, or not mapped; what is overwritten is locked here.
// Whoever is added then is sent an invitation.
// Facts: base, link (answers the link of the newest invitation that was mailed), mail (sets mail up); the organization is
// set up and has nobody but its owner.

import assert from 'node:assert/strict';
import { ALICE, look, signInWithPassphrase } from '../acts.mjs';
import { PATCH, USER, add, arrived, client, copied, make, turnOn } from '../provisioning.mjs';

export default async function ({ arrive, step, base, link, mail }) {
  const admin = await arrive();
  const { page } = admin;
  await admin.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await admin.go('/login');
  await signInWithPassphrase(admin, ALICE);

  step('Enable user provisioning, copy the token');
  await add(admin, 'Okta');
  await turnOn(admin, 'Okta');
  const url = await copied(admin, 'SCIM connector base URL');
  const { 'Bearer token': token } = await make(admin, 'Make a bearer token', 'guide-004-token', ['Bearer token']);
  const okta = client(url, `Bearer ${token}`, { 'content-type': 'application/scim+json' });
  assert.equal((await okta('GET', '/Users?startIndex=1&count=2')).status, 200);
  await arrived(admin, 2);

  step('a field of the organization’s own');
  await admin.go('/admin/settings');
  await admin.follow('Fields of people');
  await look(admin, 'fields-none');
  await admin.follow('Add a field');
  await admin.fill({ Key: 'cost_centre', Label: 'Cost centre' });
  await look(admin, 'field-new');
  await admin.press('Add this field');
  await page.getByText('The field Cost centre is saved.').waitFor();
  await look(admin, 'fields');

  step('each field: write on create only, overwrite, do not map');
  await admin.go('/admin/integrations/okta/mapping');
  const rows = [
    ['Title', 'title', 'Write on create only'],
    ['Department', 'department', 'Overwrite on update'],
    ['Phone', 'phoneNumbers[primary]', 'Do not map'],
  ];
  for (const [place, [field, source, rule]] of rows.entries()) {
    const number = place + 4;
    await admin.fill({ [`Our field, row ${number}`]: field, [`Source, row ${number}`]: source, [`Rule, row ${number}`]: rule });
  }
  await admin.fill({ 'Lock what is overwritten: nobody edits it here': true });
  await admin.press('Save');
  await page.getByRole('status').filter({ hasText: 'changed' }).waitFor();
  // There are more empty rows now.
  await admin.fill({
    'Our field, row 7': 'Cost centre',
    'Source, row 7': 'costCenter',
    'Rule, row 7': 'Overwrite on update',
  });
  await admin.press('Save');
  await page.getByRole('status').filter({ hasText: 'changed' }).waitFor();
  await look(admin, 'guide-004-mapping');

  step('create users');
  const tess = await okta('POST', '/Users', user('Tess', { title: 'Cook', department: 'Kitchen', phone: '+1 555 1', costCenter: 'K1' }));
  assert.equal(tess.status, 201);
  assert.deepEqual(await fields(admin, 'tess'), { Title: 'Cook', Department: 'Kitchen', 'Cost centre': 'K1' });
  await look(admin, 'guide-004-person');

  step('update user attributes: what is overwritten is, over whatever was written here');
  await okta('PUT', `/Users/${tess.id}`, user('Tess', { title: 'Chef', department: 'Bakery', phone: '+1 555 2', costCenter: 'B2' }));
  assert.deepEqual(await fields(admin, 'tess'), { Title: 'Cook', Department: 'Bakery', 'Cost centre': 'B2' });

  step('editing of synced fields is off here; of others it is not');
  await admin.follow('Edit');
  assert.ok(!(await admin.field('Department').isEditable()), 'the provider keeps it');
  assert.ok(!(await admin.field('Given name').isEditable()), 'the provider keeps it');
  await page.getByText('Okta keeps this field; change it there.').first().waitFor();
  await look(admin, 'guide-004-locked');
  await admin.fill({ Title: 'Baker' });
  await admin.press('Save');
  await page.getByText('Tess Tester was changed.').waitFor();
  assert.deepEqual(await fields(admin, 'tess'), { Title: 'Baker', Department: 'Bakery', 'Cost centre': 'B2' });

  step('without the update switch nothing is overwritten');
  await switched(admin, 'Change people', false);
  await okta('PUT', `/Users/${tess.id}`, user('Tess', { title: 'Chef', department: 'Cellar' }));
  assert.deepEqual(await fields(admin, 'tess'), { Title: 'Baker', Department: 'Bakery', 'Cost centre': 'B2' });
  await switched(admin, 'Change people', true);

  step('without the create switch nobody is added');
  await switched(admin, 'Add people', false);
  await okta('POST', '/Users', user('Noel', {}));
  await admin.go('/admin/people?q=noel');
  await page.getByText('Nobody fits').waitFor();
  await switched(admin, 'Add people', true);

  step('deactivate users');
  const off = { schemas: PATCH, Operations: [{ op: 'replace', value: { active: false } }] };
  await switched(admin, 'Deactivate and reactivate people', false);
  await okta('PATCH', `/Users/${tess.id}`, off);
  await admin.go('/admin/people?q=tess&state=active');
  await admin.link('Tess Tester').waitFor();
  await switched(admin, 'Deactivate and reactivate people', true);
  const on = { schemas: PATCH, Operations: [{ op: 'replace', value: { active: true } }] };
  await okta('PATCH', `/Users/${tess.id}`, on);
  await okta('PATCH', `/Users/${tess.id}`, off);
  await admin.go('/admin/people?q=tess&state=deactivated');
  await admin.link('Tess Tester').waitFor();

  step('Send invite when someone is added');
  await fetch(mail);
  await switched(admin, 'Send an invitation when somebody is added', true);
  assert.equal((await okta('POST', '/Users', user('Ines', {}))).status, 201);
  const address = await (await fetch(link)).text();
  const ines = await arrive();
  await ines.go(address);
  await ines.at('Your invitation to Acme');
  await look(ines, 'guide-004-invitation');
  await ines.press('Choose a passphrase');
  await ines.fill({ Passphrase: NEW, 'Passphrase, once more': NEW });
  await ines.press('Save the passphrase');
  await ines.at('Sign in with your passphrase');
  await ines.fill({ Passphrase: NEW });
  await ines.press('Sign in');
  await ines.at('You are signed in');
}

const NEW = 'eleven loud otters reading soup';

const user = (given, { title, department, phone, costCenter }) => ({
  schemas: USER,
  userName: `${given.toLowerCase()}@example.com`,
  name: { givenName: given, familyName: 'Tester' },
  emails: [{ value: `${given.toLowerCase()}@example.com`, type: 'work', primary: true }],
  active: true,
  title,
  phoneNumbers: phone ? [{ value: phone, type: 'work', primary: true }] : [],
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department, costCenter },
});

async function switched(admin, label, on) {
  await admin.go('/admin/integrations/okta/provisioning/settings');
  await admin.fill({ [label]: on });
  await admin.press('Save');
  await admin.page.getByRole('status').filter({ hasText: 'changed' }).waitFor();
}

/** The further fields that a person's page shows with a value; leaves the page open. */
async function fields(admin, who) {
  await admin.go(`/admin/people?q=${who}`);
  await admin.page.locator('main table a.row').first().click();
  await admin.heading('Fields', 2).waitFor();
  const rows = await admin.page.locator('[aria-labelledby=fields] tbody tr').all();
  const known = {};
  for (const row of rows) {
    const name = (await row.locator('th').innerText()).trim();
    const value = (await row.locator('td').first().innerText()).trim();
    if (!['Given name', 'Family name', 'E-mail'].includes(name) && value !== 'empty') known[name] = value;
  }
  return known;
}
