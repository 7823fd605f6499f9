// Every page of an integration's provisioning, audited: empty, full, with held removals, a long name, wrong input.
// Facts: base, scripts; okta is provisioned and holds removals, empty has just been turned on.

import { ALICE, look, signInWithPassphrase } from '../acts.mjs';

const ROOMS = ['held', 'removed', 'users', 'groups', 'requests', 'settings'];

export default async function ({ arrive, step, base, scripts }) {
  const alice = await arrive({ context: { javaScriptEnabled: scripts } });
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);
  await alice.at('You are signed in');

  step('the overview says that something waits');
  await alice.go('/admin');
  await alice.at('Overview');
  await look(alice, 'overview-held');
  await alice.follow('Look at them');
  await alice.at('Held removals of okta');
  await look(alice, 'provisioning-held');

  for (const slug of ['okta', 'empty']) {
    const home = `/admin/integrations/${slug}/provisioning`;
    step(`${slug}: state`);
    await alice.go(home);
    await alice.at(`Provisioning through ${slug}`);
    await look(alice, `provisioning-${slug}`);
    for (const room of ROOMS) {
      step(`${slug}: ${room}`);
      await alice.go(`${home}/${room}`);
      await look(alice, `provisioning-${slug}-${room}`);
    }
  }

  const home = '/admin/integrations/okta/provisioning';
  step('a group');
  await alice.go(`${home}/groups`);
  await alice.click(alice.page.locator('tbody a').first());
  await look(alice, 'provisioning-group');

  step('a request, its values, a dry run');
  await alice.go(`${home}/requests?method=PATCH`);
  await alice.click(alice.page.locator('tbody a').first());
  await look(alice, 'provisioning-request');
  await alice.press('Show the values');
  await look(alice, 'provisioning-request-open');
  await alice.press('Dry run');
  await alice.heading('What a replay would do now', 2).waitFor();
  await look(alice, 'provisioning-dry-run');

  step('a token');
  await alice.go(home);
  await alice.follow('Make a bearer token');
  await alice.at('Make a bearer token');
  await look(alice, 'provisioning-new-token');
  await alice.fill({ Label: 'Okta 2026' });
  await alice.press('Make a bearer token');
  await alice.at('Copy it now');
  await look(alice, 'provisioning-made');
  await alice.follow('I have stored it');
  await alice.follow('Revoke Okta 2026');
  await look(alice, 'provisioning-revoke');
  await alice.press('Revoke it');
  await alice.page.getByText('is no longer let in').waitFor();

  step('an OAuth client that is wrong');
  await alice.follow('Add an OAuth client');
  await alice.fill({ Name: 'Okta', 'Redirect addresses': 'not an address' });
  await alice.press('Add an OAuth client');
  await alice.at('Add an OAuth client');
  await look(alice, 'provisioning-client-wrong');

  step('settings that are wrong');
  await alice.go(`${home}/settings`);
  await alice.fill({ 'And of more than this share, in percent': '300' });
  await alice.press('Save');
  await look(alice, 'provisioning-settings-wrong');

  step('a person who waits');
  await alice.go(`${home}/held`);
  await alice.click(alice.page.locator('tbody th a').first());
  await look(alice, 'person-held');

  step('discard one, apply the rest');
  await alice.go(`${home}/held`);
  await alice.page.locator('input[name=id]').first().check();
  await alice.press('Discard the chosen…');
  await alice.at('Discard held removals');
  await look(alice, 'provisioning-discard');
  await alice.press('Discard 1 removal');
  await alice.page.getByText('1 removal was discarded').waitFor();
  await alice.page.locator('input[name=id]').first().check();
  await alice.press('Apply the chosen…');
  await alice.press('Apply 1 removal');
  await alice.page.getByText('1 removal was applied').waitFor();

  step('restore one');
  await alice.go(`${home}/removed`);
  await alice.page.locator('input[name=id]').first().check();
  await alice.press('Restore the chosen…');
  await alice.at('Restore removed people');
  await look(alice, 'provisioning-restore');
  await alice.press('Restore 1 person');
  await alice.page.getByText('1 person was restored').waitFor();
}
