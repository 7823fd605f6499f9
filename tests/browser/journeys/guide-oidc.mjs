// The guide to single sign-on via OpenID Connect that customers were given for Okta, followed on both sides: add the
// connector, note the redirect URI, make a native application with PKCE there, bring back issuer and client ID and
// nothing else, save; then people sign on through it, and in the end everybody must.
// Facts: base, idp (an OpenID Provider without an application); the organization is set up, mary@example.com is in it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { code } from '../authenticators.mjs';
import { ALICE, look, signInThrough, signInWithPassphrase, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';

export default async function ({ arrive, step, base, idp }) {
  step('add a connector, choose Okta');
  const admin = await arrive();
  await admin.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await admin.go('/login');
  await signInWithPassphrase(admin, ALICE);
  await admin.go('/admin/integrations');
  await admin.follow('Add an integration');
  await admin.follow('Okta');
  await admin.press('Add and go on');
  await admin.at('Okta');
  await admin.follow('OpenID Connect');
  await admin.heading('Add Doorward as an application there').waitFor();
  await look(admin, 'openid-draft');

  step('make note of the OpenID Connect Login Redirect URI');
  const redirect = await copied(admin, 'Sign-in redirect URIs');
  assert.equal(redirect, `${base}/sso/okta/callback`);
  assert.equal(await copied(admin, 'Initiate login URI'), `${base}/sso/okta`);
  const [logo] = await Promise.all([admin.page.waitForEvent('download'), admin.follow('the app logo')]);
  assert.equal(readFileSync(await logo.path()).subarray(1, 4).toString(), 'PNG');

  step('create an OpenID Connect application: native, authorization code only, PKCE, no logout redirect URIs');
  const client = {
    application_type: 'native',
    client_name: 'Doorward',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [redirect],
    post_logout_redirect_uris: [],
    token_endpoint_auth_method: 'none',
  };
  const { client_id: clientId, issuer } = await tell(idp, { cmd: 'client', client });

  step('input the Issuer URL and the Client ID, save');
  const save = 'Save and read the provider (takes up to 10 seconds)';
  await admin.fill({ 'Issuer URL': `${issuer}/nowhere`, 'Client ID': clientId });
  await admin.press(save);
  await admin.page.getByText('localhost answered 404').waitFor();
  assert.equal(await admin.field('Client ID').inputValue(), clientId, 'what was typed stays');
  await look(admin, 'openid-wrong-issuer');
  await admin.fill({ 'Issuer URL': issuer });
  await admin.press(save);
  await admin.page.getByText('Doorward knows the identity provider of Okta now.').waitFor();
  await look(admin, 'openid-known');

  step('test the sign-in');
  await admin.page.getByRole('button', { name: 'Test sign-in' }).first().click();
  await signInAs(admin, 'Mary Member');
  await admin.page.getByRole('heading', { level: 1, name: /^Test / }).waitFor();
  await admin.page.getByText('Test passed').first().waitFor();
  await look(admin, 'openid-trace');
  await admin.go('/admin/integrations/okta');
  await admin.press('Turn Okta on');
  await admin.page.getByText('Okta is on.').waitFor();
  await look(admin, 'openid-on');
  for (const part of ['identity-provider', 'certificates', 'settings']) {
    await admin.go(`/admin/integrations/okta/${part}`);
    await look(admin, `openid-${part}`);
  }

  step('people sign on through it');
  const mary = await arrive();
  await signInThrough(mary, 'Okta', 'Mary Member');
  await mary.at('You are signed in');
  const me = await (await mary.context.request.get(`${base}/api/v1/me`)).json();
  assert.equal(me.email, 'mary@example.com');

  step('somebody without an account sees the notice');
  const stella = await arrive();
  await signInThrough(stella, 'Okta', 'Stella Stranger');
  await stella.at('You have no account here yet');
  await stella.page.getByText('stella@example.com').first().waitFor();

  step('the tile: the provider starts the sign-in');
  const tile = await arrive();
  await tile.page.goto(`${base}/sso/okta?iss=${encodeURIComponent(issuer)}&target_link_uri=${encodeURIComponent(`${base}/`)}`);
  await signInAs(tile, 'Mary Member');
  await tile.at('You are signed in');

  step('an owner who keeps a way in, and has proved it');
  const people = [
    { name: 'Mary Member', sub: 'mary', email: 'mary@example.com', email_verified: true },
    { name: ALICE.name, sub: 'alice', email: ALICE.email, email_verified: true },
  ];
  await tell(idp, { cmd: 'people', people });
  await admin.go('/admin/integrations/okta/enforcement');
  await admin.follow('Break-glass owners');
  await admin.fill({ Owner: `${ALICE.name} (${ALICE.email})` });
  await admin.press('Make a break-glass owner');
  await look(admin, 'break-glass-made');
  await proveOneself(admin);

  step('all are required to sign on via Okta');
  await admin.go('/admin/integrations/okta/enforcement');
  // The provider still knows this browser as the one of the first test.
  await admin.context.clearCookies({ domain: new URL(idp).hostname });
  await admin.press('Test the sign-in');
  await signInAs(admin, ALICE.name);
  await admin.page.getByText('Test passed').first().waitFor();
  await admin.go('/admin/integrations/okta/enforcement');
  await look(admin, 'openid-enforcement');
  await admin.fill({ 'Type Acme to go on': 'Acme' });
  await admin.press('Enforce for 1 person');
  await admin.page.getByText('Okta is enforced. Any owner').waitFor();
  const late = await arrive();
  await late.go('/login/passphrase');
  await signInWithPassphrase(late, { email: 'mary@example.com', passphrase: 'whatever she types' });
  await late.page.getByText('continue with Okta instead').waitFor();
  // Her e-mail alone leads to Okta; nobody asks for a passphrase.
  await late.go('/login');
  await late.fill({ 'E-mail': 'mary@example.com' });
  await late.press('Continue');
  await signInAs(late, 'Mary Member');
  await late.at('You are signed in');
}

/** Sets up an authenticator app and comes in with it, anew. */
async function proveOneself(admin) {
  await admin.go('/account/factors');
  await admin.press('Set up an authenticator app');
  const secret = await admin.page.locator('[data-copies="Key"] [data-value]').innerText();
  await admin.fill({ 'Code that the app shows now': code(secret, Date.now()) });
  await admin.press('Finish');
  await admin.at('Second factors');
  await admin.go('/logout');
  await admin.press('Sign out');
  await signInWithPassphrase(admin, ALICE);
  await admin.at('Second step');
  // A code is good once: this is the next one, as a clock that is a little ahead shows it.
  await admin.fill({ Code: code(secret, Date.now() + 30_000) });
  await admin.press('Sign in');
  await admin.at('You are signed in');
}

/** What the Copy button beside this label puts on the clipboard. */
async function copied(visitor, label) {
  const row = visitor.page.locator(`[data-copies="${label}"]`).first();
  await row.getByRole('button', { name: `Copy ${label}` }).click();
  await row.getByText('Copied').waitFor();
  return visitor.page.evaluate(() => navigator.clipboard.readText());
}
