// Proving oneself where one came from: an admin without a passphrase is sent to the identity provider, and what waited
// goes on when they are back.
// Facts: base, idp, age (each request makes every proof 16 minutes older), saml (OpenID Connect otherwise); mary is an
// admin without a passphrase, okta leads to the provider.

import assert from 'node:assert/strict';
import { look, signInThrough, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';

const PLACE = '/admin/integrations/okta/settings';
const MARY = { name: 'Mary Member', name_id: 'mary', attributes: { email: 'mary@example.com' } };

export default async function ({ arrive, step, base, idp, age, saml }) {
  if (saml) {
    await tell(idp, { cmd: 'people', people: [MARY] });
    await tell(idp, { cmd: 'service_provider', url: `${base}/sso/okta/metadata` });
  }

  step('fresh from a provider that says when it asked: nobody asks again');
  const mary = await arrive();
  await signInThrough(mary, 'Okta', 'Mary Member');
  await mary.at('You are signed in');
  const rename = async (name) => {
    await mary.go(PLACE);
    await mary.fill({ Name: name });
    await mary.press('Save');
  };
  if (saml) {
    await rename('Okta of Acme');
    await mary.at('Okta of Acme');
    await rename('Okta');
    await mary.at('Okta');
    await fetch(age);
  }

  step('a quarter of an hour later, or where it did not say: what is sent waits');
  await rename('Okta once more');
  await mary.at('Prove that it is you');
  assert.equal(await mary.field('Passphrase').count(), 0);
  await look(mary, saml ? 'reauth-saml' : 'reauth-openid');

  step('there and back, and it goes on');
  await mary.follow('Sign in again through Okta');
  await signInAs(mary, 'Mary Member');
  await mary.at('It is you');
  await look(mary, 'reauth-through-resume');
  await mary.press('Save the integration');
  await mary.at('Okta once more');

  step('fresh again: the page that asks lets through');
  await mary.go('/reauth?next=/account');
  await mary.at('Your account');
}
