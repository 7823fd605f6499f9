// The right door for every e-mail: the passphrase, one integration, a choice of two; back, a second tab, the way that
// was used last; and a domain that is to be proved. With the keyboard where a person would use it.
// Facts: base, idp; scripts. plain.example belongs to nobody, okta.example to Okta, both.example to Okta and Another.

import assert from 'node:assert/strict';
import { ALICE, look, signInWithPassphrase, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';

const MARY = { name: 'Mary Member', name_id: 'mary', attributes: { email: 'mary@example.com' } };

export default async function ({ arrive, step, base, idp, scripts }) {
  const someone = () => arrive({ context: { javaScriptEnabled: scripts } });
  await tell(idp, { cmd: 'people', people: [MARY] });
  await tell(idp, { cmd: 'service_provider', url: `${base}/sso/okta/metadata` });

  step('no e-mail, and none that is one');
  const alice = await someone();
  const { page } = alice;
  const focused = () => page.evaluate(() => document.activeElement.name);
  await alice.go('/login?next=/admin/people');
  await alice.at('Sign in');
  await look(alice, 'email-first');
  assert.equal(await focused(), 'email');
  await page.keyboard.press('Enter');
  await page.getByText('Fill in “E-mail”.').waitFor();
  await page.keyboard.type('nobody');
  await page.keyboard.press('Enter');
  await page.getByText('has the form name@example.com').waitFor();
  await look(alice, 'email-first-wrong');

  step('to the passphrase, and back');
  await alice.go('/login?next=/admin/people');
  await alice.fill({ 'E-mail': ALICE.email });
  await page.keyboard.press('Enter');
  await alice.at('Sign in with your passphrase');
  await look(alice, 'email-first-passphrase');
  assert.equal(await alice.field('E-mail').inputValue(), ALICE.email);
  assert.equal(await alice.field('E-mail').getAttribute('readonly'), '');
  assert.equal(await focused(), 'passphrase');
  assert.ok(!page.url().includes('alice'), page.url());
  await page.reload();
  await alice.at('Sign in with your passphrase');
  await page.goBack();
  await alice.at('Sign in');
  await page.goForward();
  await alice.at('Sign in with your passphrase');
  await alice.follow('Not you?');
  await alice.at('Sign in');

  step('a second tab goes another way');
  const passphrase = await alice.context.newPage();
  await passphrase.goto(`${base}/login`);
  await passphrase.getByLabel('E-mail').fill('second@plain.example');
  await passphrase.getByRole('button', { name: 'Continue', exact: true }).click();
  await passphrase.getByRole('heading', { name: 'Sign in with your passphrase' }).waitFor();
  await alice.fill({ 'E-mail': ALICE.email });
  await alice.press('Continue');
  await alice.at('Sign in with your passphrase');
  assert.equal(await passphrase.getByLabel('E-mail').inputValue(), 'second@plain.example');
  assert.equal(await alice.field('E-mail').inputValue(), ALICE.email);

  step('wrong, then right, and on to the page that was wanted');
  await page.keyboard.type('not her passphrase');
  await page.keyboard.press('Enter');
  await page.getByText('The e-mail address or the passphrase is not right.').waitFor();
  await look(alice, 'email-first-passphrase-wrong');
  await alice.fill({ Passphrase: ALICE.passphrase });
  await page.keyboard.press('Enter');
  await alice.at('People');
  // The other tab is somebody's who is in now.
  await passphrase.reload();
  await passphrase.getByRole('heading', { name: 'You are signed in' }).waitFor();
  await passphrase.close();

  step('the way that was used last');
  await alice.go('/logout');
  await alice.press('Sign out');
  await alice.at('Sign in');
  await alice.link('Continue with your passphrase').waitFor();
  await look(alice, 'email-first-last-passphrase');
  await alice.follow('Continue with your passphrase');
  await signInWithPassphrase(alice, ALICE);
  await alice.at('You are signed in');

  step('through the one integration');
  const mary = await someone();
  await mary.go('/login');
  await mary.page.getByLabel('E-mail').focus();
  await mary.page.keyboard.type('mary@okta.example');
  await mary.page.keyboard.press('Enter');
  await signInAs(mary, 'Mary Member');
  await mary.at('You are signed in');
  await mary.go('/logout');
  await mary.press('Sign out');
  await mary.link('Continue with Okta').waitFor();
  await look(mary, 'email-first-last-okta');

  step('a choice of two');
  await mary.fill({ 'E-mail': 'mary@both.example' });
  await mary.press('Continue');
  await mary.at('Choose how to sign in');
  await look(mary, 'email-first-choice');
  await mary.page.goBack();
  await mary.at('Sign in');
  await mary.page.goForward();
  await mary.at('Choose how to sign in');
  await mary.follow('Continue with Okta');
  await signInAs(mary, 'Mary Member');
  await mary.at('You are signed in');

  step('a domain to be proved');
  await alice.go('/admin/integrations/okta/domains');
  await look(alice, 'domains');
  await alice.press('Confirm the domain');
  await alice.page.getByText('2 answers need another look.').waitFor();
  await look(alice, 'domains-wrong');
  await alice.page.locator('#claim-domain').fill('bücher.example');
  await alice.press('Show the record');
  await alice.page.getByText('_doorward.xn--bcher-kva.example', { exact: true }).waitFor();
  await look(alice, 'domains-waiting');
  await alice.page.getByRole('button', { name: /^Check now/ }).click();
  await alice.page.getByText('There is no TXT record named').waitFor();
  await look(alice, 'domains-not-found');
}
