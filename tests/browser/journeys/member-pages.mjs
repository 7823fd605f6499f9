// Every page that somebody meets who is no admin, audited: signing in and out, an account to be proved, nobody known,
// deactivated, refused, switched off, the way by POST, and what is not there.
// Facts: base, idp; scripts.

import { ALICE, look, signInThrough, signInWithPassphrase, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';

const person = (name, email) => ({ name, name_id: email.split('@')[0], attributes: { email } });
const PEOPLE = [
  person('Mary Member', 'mary@example.com'),
  person('Stella Stranger', 'stella@example.com'),
  person('Dora Deactivated', 'dora@example.com'),
  person(ALICE.name, ALICE.email),
];

export default async function ({ arrive, step, base, idp, scripts }) {
  const someone = () => arrive({ context: { javaScriptEnabled: scripts } });
  await tell(idp, { cmd: 'people', people: PEOPLE });
  await tell(idp, { cmd: 'service_provider', url: `${base}/sso/okta/metadata` });

  step('sign in');
  const mary = await someone();
  await mary.go('/');
  await mary.at('Sign in');
  await look(mary, 'login');
  await signInWithPassphrase(mary, { email: 'mary@example.com', passphrase: 'not her passphrase' });
  await mary.alert().waitFor();
  await look(mary, 'login-wrong');
  await signInThrough(mary, 'Okta', 'Mary Member');
  await mary.at('You are signed in');
  await look(mary, 'home');

  step('sign out');
  await mary.go('/logout');
  await mary.at('Sign out');
  await look(mary, 'logout');
  await mary.press('Sign out');
  await mary.at('Sign in');
  await mary.page.getByText('You are signed out.').waitFor();
  await look(mary, 'login-signed-out');

  step('a tile in the portal');
  await mary.page.goto(`${idp}/portal`);
  await mary.page.getByLabel('Sign in as').selectOption({ label: 'Mary Member' });
  await mary.page.getByRole('button', { name: 'Doorward' }).click();
  if (!scripts) await mary.page.getByRole('button', { name: 'Continue' }).click();
  // It restarts the sign-in; a provider with a session of its own would not ask again.
  await signInAs(mary, 'Mary Member');
  await mary.at('You are signed in');

  step('nobody known');
  const stella = await someone();
  await signInThrough(stella, 'Okta', 'Stella Stranger');
  await stella.at('You have no account here yet');
  await look(stella, 'notice');
  await stella.press('Request access');
  await stella.page.getByText('Your request is with the admins of Acme.').waitFor();
  await look(stella, 'notice-requested');

  step('deactivated');
  const dora = await someone();
  await signInThrough(dora, 'Okta', 'Dora Deactivated');
  await dora.at('Your account here is not active');
  await look(dora, 'notice-deactivated');

  step('an account to be proved');
  const alice = await someone();
  await signInThrough(alice, 'Okta', ALICE.name);
  await alice.at('Is this your account?');
  await look(alice, 'link');
  await alice.follow('Sign in with my passphrase');
  await signInWithPassphrase(alice, ALICE);
  await alice.at('Is this your account?');
  await look(alice, 'link-proved');
  await alice.press('Link Okta to my account');
  await alice.at('You are signed in');
  await look(alice, 'home-owner');

  step('refused');
  await tell(idp, { cmd: 'settings', response: { algorithm: 'rsa-sha1' } });
  const luis = await someone();
  await signInThrough(luis, 'Okta', 'Mary Member');
  await luis.at('You could not be signed in');
  await look(luis, 'refused');
  await tell(idp, { cmd: 'settings', response: { algorithm: 'rsa-sha256' } });
  await luis.go('/sso/off');
  await luis.at('You may not do this');
  await look(luis, 'fail-off');
  await luis.go('/login');
  await luis.follow('use a recovery code');
  await luis.at('Use a recovery code');
  await look(luis, 'recovery');
  await luis.go('/nowhere');
  await luis.at('There is nothing here');
  await look(luis, 'fail-nowhere');

  step('by POST');
  await tell(idp, { cmd: 'service_provider', url: `${base}/sso/by-post/metadata` });
  await luis.go('/login');
  if (scripts) await signInThrough(luis, 'Another', 'Stella Stranger');
  else {
    await luis.follow('Continue with Another');
    await luis.at('On to Another');
    await look(luis, 'post-to-idp');
    await luis.press('Continue to Another');
    await signInAs(luis, 'Stella Stranger');
  }
  await luis.at('You have no account here yet');
}
