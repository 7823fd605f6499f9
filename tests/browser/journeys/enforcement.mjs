// Enforcing an integration: what is missing, who is affected, what members meet, and the way back with one click.
// Facts: base, idp; okta is set up, alice is a break-glass owner who has proved it, by-post is another integration.

import { ALICE, look, signInThrough, signInWithPassphrase, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';

const person = (name, email) => ({ name, name_id: email.split('@')[0], attributes: { email } });
const PEOPLE = [person('Mary Member', 'mary@example.com'), person(ALICE.name, ALICE.email)];
const PLACE = '/admin/integrations/okta/enforcement';

export default async function ({ arrive, step, base, idp }) {
  await tell(idp, { cmd: 'people', people: PEOPLE });
  await tell(idp, { cmd: 'service_provider', url: `${base}/sso/okta/metadata` });

  step('what is missing');
  const alice = await arrive();
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);
  await alice.go(PLACE);
  await alice.at('Enforcement of Okta');
  await alice.page.getByText('Pass a test sign-in through it yourself').waitFor();
  await look(alice, 'enforcement-missing');

  step('the test');
  await alice.press('Test the sign-in');
  await signInAs(alice, ALICE.name);
  await alice.page.getByText('Test passed').first().waitFor();

  step('the name of the organization');
  await alice.go(PLACE);
  await alice.at('Enforcement of Okta');
  await look(alice, 'enforcement-ready');
  await alice.fill({ 'Type Acme to go on': 'Acme Ltd' });
  await alice.press('Enforce for 1 person');
  await alice.page.getByText('Type Acme to enforce it.').waitFor();
  await look(alice, 'enforcement-wrong');

  step('dated ahead, and taken back');
  await alice.fill({ Start: '2030-01-01 08:00', 'Type Acme to go on': 'Acme' });
  await alice.press('Enforce for 1 person');
  await alice.page.getByText('An enforcement is dated at most a year ahead.').waitFor();
  const tomorrow = new Date(Date.now() + 24 * 3600 * 1000).toISOString().slice(0, 16);
  await alice.fill({ Start: tomorrow, 'Type Acme to go on': 'Acme' });
  await alice.press('Enforce for 1 person');
  await alice.page.getByText('The enforcement of Okta is planned.').waitFor();
  await look(alice, 'enforcement-planned');
  await alice.page.getByRole('button', { name: 'Roll back for everybody' }).click();
  await alice.page.getByText('The enforcement of Okta has ended.').waitFor();

  step('at once');
  await alice.fill({ 'Type Acme to go on': 'Acme' });
  await alice.press('Enforce for 1 person');
  await alice.page.getByText('Okta is enforced. Any owner').waitFor();
  await look(alice, 'enforcement-on');
  await alice.go('/admin');
  await alice.page.getByText('Okta is enforced for everybody.').waitFor();
  await look(alice, 'overview-enforced');
  await alice.go('/admin/settings/recovery');
  await alice.at('Break-glass owners');
  await look(alice, 'break-glass');

  step('what members meet');
  const mary = await arrive();
  await mary.go('/login/passphrase');
  await signInWithPassphrase(mary, { email: 'mary@example.com', passphrase: 'not her passphrase' });
  await mary.page.getByText('continue with Okta instead').waitFor();
  await look(mary, 'login-enforced');
  await signInThrough(mary, 'Okta', 'Mary Member');
  await mary.at('You are signed in');
  const other = await arrive();
  await tell(idp, { cmd: 'service_provider', url: `${base}/sso/by-post/metadata` });
  await signInThrough(other, 'Another', 'Mary Member');
  await other.at('Sign in another way');
  await look(other, 'elsewhere');
  await tell(idp, { cmd: 'service_provider', url: `${base}/sso/okta/metadata` });

  step('break glass, and roll back');
  const owner = await arrive();
  await owner.go('/login/passphrase');
  await signInWithPassphrase(owner, ALICE);
  await owner.go(PLACE);
  await owner.page.getByRole('button', { name: 'Roll back for everybody' }).click();
  await owner.page.getByText('The enforcement of Okta has ended.').waitFor();
  await owner.go('/admin/activity/audit');
  await owner.page.locator('.timeline').getByText('Came in as a break-glass owner').first().waitFor();
}
