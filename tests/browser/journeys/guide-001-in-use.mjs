// The guide to provisioning with OneLogin where the organization is in use already: automatic sync is off, what OneLogin
// sends waits, an admin looks at it, applies it, and only then lets it go on by itself.
// Facts: base; mary has an account here, dora has none.

import assert from 'node:assert/strict';
import { ALICE, look, signInWithPassphrase } from '../acts.mjs';
import { BEFORE_THE_RFC, add, client, copied, letThrough, make, person, turnOn } from '../provisioning.mjs';

const PROVISIONING = '/admin/integrations/onelogin/provisioning';

export default async function ({ arrive, step, base }) {
  const admin = await arrive();
  const { page } = admin;
  await admin.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await admin.go('/login');
  await signInWithPassphrase(admin, ALICE);

  step('SCIM is enabled, and automatic sync is off because people are here already');
  await add(admin, 'OneLogin');
  await turnOn(admin, 'OneLogin');
  const url = await copied(admin, 'SCIM Base URL');
  const { 'Bearer token': token } = await make(admin, 'Make a bearer token', 'guide-001-in-use-token', ['Bearer token']);
  await admin.go(`${PROVISIONING}/settings`);
  assert.ok(await page.getByLabel(/When an admin applies it/).isChecked());
  await look(admin, 'guide-001-in-use-settings');

  step('OneLogin finds mary, takes her over, and adds dora');
  const onelogin = client(url, `Bearer ${token}`, { 'content-type': 'application/json' });
  const found = await onelogin('GET', '/Users?filter=userName+eq+%22mary%40example.com%22&');
  assert.equal(found.totalResults, 1, 'who is here is found, so that nobody is doubled');
  const mary = person(BEFORE_THE_RFC, 'mary@example.com', 'Mary', 'Renamed');
  assert.equal((await onelogin('PUT', `/Users/${found.Resources[0].id}?`, mary)).status, 200);
  const dora = await onelogin('POST', '/Users?', person(BEFORE_THE_RFC, 'dora@example.com', 'Dora', 'New'));
  assert.equal(dora.status, 201);
  assert.equal((await onelogin('GET', `/Users/${dora.id}?`)).name.familyName, 'New', 'it reads back what it wrote');

  step('nobody has changed');
  await admin.go('/admin/people?q=dora');
  await page.getByText('Nobody fits').waitFor();
  await admin.go('/admin/people?q=mary');
  await admin.link('Mary Member').waitFor();

  step('the plan, and applying it');
  await admin.go(`${PROVISIONING}/review`);
  const line = (who) => page.getByRole('row').filter({ hasText: `${who}@example.com` });
  await line('mary').waitFor();
  await line('dora').waitFor();
  await look(admin, 'guide-001-in-use-plan');
  await page.getByRole('button', { name: /^Apply all \d+ that fit…$/ }).click();
  await page.getByRole('button', { name: /^Apply \d+ lines$/ }).click();
  await page.getByText(/^Applied: /).waitFor({ timeout: 20_000 });
  await admin.go('/admin/people?q=dora');
  await admin.link('Dora New').waitFor();
  await admin.go('/admin/people?q=mary');
  await admin.link('Mary Renamed').waitFor();

  step('automatic from here on');
  await admin.go(PROVISIONING);
  await letThrough(admin);
  const finn = await onelogin('POST', '/Users?', person(BEFORE_THE_RFC, 'finn@example.com', 'Finn', 'Later'));
  assert.equal(finn.status, 201);
  await admin.go('/admin/people?q=finn');
  await admin.link('Finn Later').waitFor();
}
