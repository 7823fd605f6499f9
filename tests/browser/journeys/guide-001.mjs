// The guide to provisioning and SAML with OneLogin that customers were given, followed on both sides: SCIM is found by
// its name, base URL and token go over, OneLogin pushes people and its roles as groups, an admin selects which of them
// become access groups, roles and visibility stay by hand; then SAML beside it, and the tile.
// Facts: base, idp; the organization is set up and has nobody but its owner.
// What an organization does that is in use already stands in guide-001-in-use.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ALICE, look, signInWithPassphrase, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';
import { BEFORE_THE_RFC, PATCH, arrived, client, copied, make, person, turnOn } from '../provisioning.mjs';

const GROUPS = ['Interviewers', 'Hiring managers', 'Recruiters'];

export default async function ({ arrive, step, base, idp }) {
  const admin = await arrive();
  const { page } = admin;
  await admin.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await admin.go('/login');
  await signInWithPassphrase(admin, ALICE);

  step('one user and three access groups');
  for (const name of GROUPS) {
    await admin.go('/admin/access/groups');
    await admin.follow('Add an access group');
    await admin.fill({ Name: name });
    await admin.press('Add this access group');
    await page.getByText(`${name} was added.`).waitFor();
  }

  step('Integrations, search for SCIM, add it');
  await admin.go('/admin');
  await admin.follow('Integrations');
  await admin.follow('Add an integration');
  await admin.fill({ 'Search identity providers': 'SCIM' });
  await admin.press('Search');
  await admin.follow('OneLogin');
  await admin.press('Add and go on');
  await turnOn(admin, 'OneLogin');

  step('SCIM Base URL and SCIM Token, Enable: the connection is successful');
  const url = await copied(admin, 'SCIM Base URL');
  const { 'Bearer token': token } = await make(admin, 'Make a bearer token', 'guide-001-token', ['Bearer token']);
  const onelogin = client(url, `Bearer ${token}`, { 'content-type': 'application/json' });
  assert.equal((await onelogin('GET', '/Users?filter=userName+eq+%22onelogin-test-user01%22&')).totalResults, 0);
  assert.equal((await onelogin('GET', '/Groups?')).status, 200);
  await arrived(admin, 2);

  step('Enable provisioning; roles become groups; users show as Provisioned');
  const role = async (displayName) => {
    const group = { schemas: BEFORE_THE_RFC.slice(0, 1), displayName };
    return (await onelogin('POST', '/Groups?', group)).id;
  };
  const put = async (group, ...people) => {
    const value = people.map((id) => ({ value: id }));
    const Operations = [{ op: 'add', path: 'members', value }];
    assert.equal((await onelogin('PATCH', `/Groups/${group}?`, { schemas: PATCH, Operations })).status, 200);
  };
  const user = async (address, given, family) => {
    const made = await onelogin('POST', '/Users?', person(BEFORE_THE_RFC, address, given, family));
    assert.equal(made.status, 201);
    return made.id;
  };
  const interviewer = await role('Pinpoint Interviewer');
  const recruiter = await role('Pinpoint Recruiter');
  await role('Somebody else’s role');
  const pia = await user('pia@example.com', 'Pia', 'Interviewer');
  const rolf = await user('rolf@example.com', 'Rolf', 'Both');
  await put(interviewer, pia, rolf);
  await put(recruiter, rolf);

  step('refresh the page: the groups that exist in OneLogin are there');
  await admin.go('/admin/integrations/onelogin/provisioning/groups');
  for (const name of ['Pinpoint Interviewer', 'Pinpoint Recruiter']) await admin.link(name).waitFor();
  await look(admin, 'guide-001-groups');

  step('select the groups that become access groups');
  await select(admin, 'Interviewers', 'Pinpoint Interviewer');
  await select(admin, 'Recruiters', 'Pinpoint Recruiter');

  step('the users have the access group of their role; each has one');
  await seen(admin, 'pia', { 'Access group': 'Interviewers' });
  // He is in both: the one with the lower number counts, and his page says so.
  await seen(admin, 'rolf', { 'Access group': 'Interviewers' });
  await page.getByText('Pinpoint Recruiter').first().waitFor();
  await look(admin, 'guide-001-person');

  step('somebody who is added later comes into the access group by themselves');
  const ida = await user('ida@example.com', 'Ida', 'Late');
  await put(recruiter, ida);
  await seen(admin, 'ida', { 'Access group': 'Recruiters' });

  step('roles and visibilities by hand');
  await group(admin, 'Recruiters');
  await admin.follow('Edit');
  await page.getByRole('radio', { name: /^Manager/ }).check();
  await page.getByRole('radio', { name: 'Their own team' }).check();
  await admin.press('Save');
  await page.getByText('Recruiters is saved.').waitFor();
  await seen(admin, 'ida', { 'Access group': 'Recruiters', 'Role of their own': 'Member; Manager counts, because of the access group' });
  // OneLogin says nothing of either, however often it runs.
  const again = person(BEFORE_THE_RFC, 'ida@example.com', 'Ida', 'Later');
  assert.equal((await onelogin('PUT', `/Users/${ida}?`, again)).status, 200);
  await seen(admin, 'ida', { 'Access group': 'Recruiters', 'Role of their own': 'Member; Manager counts, because of the access group' });
  await page.getByText('Their own team').first().waitFor();

  step('SAML beside it: audience and consumer URL');
  await admin.go('/admin/integrations/onelogin');
  await page.getByText('Set up the sign-in through it, too').click();
  await look(admin, 'guide-001-saml-values');
  const audience = await copied(admin, 'Audience (EntityID)');
  assert.equal(audience, `${base}/sso/onelogin/metadata`);
  assert.equal(await copied(admin, 'ACS (Consumer) URL'), `${base}/sso/onelogin/acs`);
  const [file] = await Promise.all([page.waitForEvent('download'), admin.follow('Download the SP metadata')]);
  const ours = readFileSync(await file.path(), 'utf8');
  assert.ok(ours.includes(`entityID="${audience}"`));
  await tell(idp, { cmd: 'service_provider', sp_metadata: ours });
  await tell(idp, {
    cmd: 'people',
    people: [
      {
        name: 'Pia Interviewer',
        name_id: 'pia@example.com',
        name_id_format: 'emailAddress',
        attributes: { 'User.email': 'pia@example.com', 'User.FirstName': 'Pia', 'User.LastName': 'Interviewer' },
      },
    ],
  });

  step('More Actions, SAML Metadata: its content is pasted here');
  await admin.go('/admin/integrations/onelogin/identity-provider');
  await admin.follow('Pasted XML');
  await admin.fill({ Metadata: (await tell(idp, { cmd: 'metadata' })).xml });
  await page.locator('main form[enctype] button, main form .actions button').last().click();
  await page.getByText('Doorward knows the identity provider of OneLogin now.').waitFor();
  await look(admin, 'guide-001-saml');

  step('the tile in the application portal');
  const pias = await arrive();
  await pias.page.goto(`${idp}/portal`);
  await pias.page.getByLabel('Sign in as').selectOption({ label: 'Pia Interviewer' });
  await pias.page.getByRole('button', { name: 'Doorward' }).click();
  await signInAs(pias, 'Pia Interviewer');
  await pias.at('You are signed in');
  const me = await (await pias.context.request.get(`${base}/api/v1/me`)).json();
  assert.equal(me.email, 'pia@example.com');
}

async function group(admin, name) {
  await admin.go('/admin/access/groups');
  await admin.follow(name);
  await admin.at(name);
}

/** On the page of an access group: select this group of OneLogin. */
async function select(admin, name, theirs) {
  await group(admin, name);
  await admin.follow('Select groups…');
  await admin.page.getByRole('checkbox', { name: `Select ${theirs}` }).check();
  await look(admin, 'guide-001-select');
  await admin.press(`Feed ${name} with the selected`);
  await admin.at(name);
  await admin.page.getByRole('rowheader', { name: theirs }).waitFor();
}

/** What a person's page says of why they have what they have. */
async function seen(admin, who, what) {
  await admin.go(`/admin/people?q=${who}`);
  await admin.page.locator('main table a.row').first().click();
  for (const [part, value] of Object.entries(what)) {
    const row = admin.page.locator('[aria-labelledby=why] tr', { has: admin.page.getByRole('rowheader', { name: part, exact: true }) });
    assert.equal((await row.locator('td').first().innerText()).trim(), value, `${who}: ${part}`);
  }
}
