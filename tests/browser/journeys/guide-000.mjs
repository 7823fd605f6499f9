// The first guide that customers were given for Okta, followed on our side: Integrations, Configure, copy the consumer
// URL and the entity ID, take the logo, paste the metadata; then the tile in the portal, the notice for somebody who
// has no account, and adding that person by hand.
// Facts: base, idp; the organization is set up and has no integration.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ALICE, look, signInWithPassphrase, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';

const NEWCOMER = {
  name: 'Noor Newcomer',
  name_id: 'noor@example.com',
  name_id_format: 'emailAddress',
  attributes: { 'user.first_name': 'Noor', 'user.last_name': 'Newcomer' },
};

export default async function ({ arrive, step, base, idp }) {
  step('Integrations, Configure');
  const admin = await arrive();
  await admin.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await admin.go('/login');
  await signInWithPassphrase(admin, ALICE);
  await admin.go('/admin');
  await admin.follow('Integrations');
  await admin.follow('Add an integration');
  await admin.follow('Okta');
  await admin.press('Add and go on');
  await admin.at('Okta');

  step('copy what goes to Okta');
  assert.equal(await copied(admin, 'Single sign-on URL'), `${base}/sso/okta/acs`);
  assert.equal(await copied(admin, 'ACS (consumer) URL'), `${base}/sso/okta/acs`);
  const entityId = await copied(admin, 'Audience URI (SP Entity ID)');
  assert.equal(entityId, `${base}/sso/okta/metadata`);
  const logo = await download(admin, 'the app logo');
  assert.equal(logo.suggestedFilename(), 'doorward-logo.png');
  assert.equal(readFileSync(await logo.path()).subarray(1, 4).toString(), 'PNG');
  // Okta is typed these values by hand; the identity provider here reads them from the same document.
  const ours = readFileSync(await (await download(admin, 'Download the SP metadata')).path(), 'utf8');
  assert.ok(ours.includes(`entityID="${entityId}"`) && ours.includes(`${base}/sso/okta/acs`), ours);
  await tell(idp, { cmd: 'service_provider', sp_metadata: ours });
  await tell(idp, { cmd: 'people', people: [NEWCOMER] });

  step('paste the metadata and save');
  await admin.follow('Pasted XML');
  await admin.fill({ Metadata: (await tell(idp, { cmd: 'metadata' })).xml });
  await admin.page.locator('main form[enctype] button, main form .actions button').last().click();
  await admin.page.getByText('Doorward knows the identity provider of Okta now.').waitFor();
  await admin.go('/admin/integrations/okta');
  await admin.press('Turn Okta on without a test');
  await admin.page.getByText('Okta is on.').waitFor();

  step('the tile, before there is an account');
  const noor = await arrive();
  await tile(noor, idp);
  await noor.at('You have no account here yet');
  await noor.page.getByText('noor@example.com').first().waitFor();
  await look(noor, 'guide-notice');

  step('add the person by hand');
  await admin.go('/admin/people');
  await admin.follow('Add a person');
  await admin.fill({ 'E-mail': 'noor@example.com', 'Given name': 'Noor', 'Family name': 'Newcomer' });
  await look(admin, 'guide-add-person');
  await admin.press('Add this person');
  await admin.page.getByText('Noor Newcomer was added.').waitFor();

  step('the tile, now with an account');
  await tile(noor, idp);
  await noor.at('You are signed in');
  const me = await (await noor.context.request.get(`${base}/api/v1/me`)).json();
  assert.equal(me.email, 'noor@example.com');
  step('sign out, and in again from the portal');
  await noor.press('Sign out');
  await noor.at('Sign in');
  await tile(noor, idp);
  await noor.at('You are signed in');
}

/** What the Copy button beside this label puts on the clipboard. */
async function copied(visitor, label) {
  const row = visitor.page.locator(`[data-copies="${label}"]`).first();
  await row.getByRole('button', { name: `Copy ${label}` }).click();
  await row.getByText('Copied').waitFor();
  return visitor.page.evaluate(() => navigator.clipboard.readText());
}

async function download(visitor, name) {
  const [file] = await Promise.all([visitor.page.waitForEvent('download'), visitor.follow(name)]);
  return file;
}

/** The tile answers without having been asked; Doorward asks, and the provider's session would answer by itself. */
async function tile(visitor, idp) {
  await visitor.page.goto(`${idp}/portal`);
  await visitor.page.getByLabel('Sign in as').selectOption({ label: NEWCOMER.name });
  await visitor.page.getByRole('button', { name: 'Doorward' }).click();
  await signInAs(visitor, NEWCOMER.name);
}
