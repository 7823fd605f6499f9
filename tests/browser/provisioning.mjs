// What journeys about provisioning share: an identity provider's client, and the pages where its credentials are made.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { look } from './acts.mjs';

export const BEFORE_THE_RFC = ['urn:scim:schemas:core:2.0', 'urn:scim:schemas:extension:enterprise:2.0'];
export const USER = ['urn:ietf:params:scim:schemas:core:2.0:User'];
export const GROUP = ['urn:ietf:params:scim:schemas:core:2.0:Group'];
export const PATCH = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];

export const person = (schemas, address, given, family, more = {}) => ({
  schemas,
  userName: address,
  name: { givenName: given, familyName: family },
  emails: [{ value: address, type: 'work', primary: true }],
  active: true,
  ...more,
});

/** The client of an identity provider: it knows what was copied to it, and nothing else. */
export function client(url, authorization, headers) {
  return async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization, ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { ...(text ? JSON.parse(text) : {}), status: answer.status };
  };
}

/** Adds an OAuth client on the page of provisioning, with somewhere to come back to. */
export async function oauthClient(admin, slug, picture) {
  const server = createServer((_, response) => response.end('<title>Back</title>Back'));
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const back = `http://127.0.0.1:${server.address().port}/oauth/callback`;
  await admin.go(`/admin/integrations/${slug}/provisioning`);
  await admin.follow('Add an OAuth client');
  await admin.fill({ Name: 'Okta', 'Redirect addresses': back });
  await admin.press('Add an OAuth client');
  await admin.at('Copy it now');
  await look(admin, picture);
  const labels = ['Authorize URL', 'Token URL', 'Client ID', 'Client secret', 'SCIM base URL'];
  const values = {};
  for (const label of labels) values[label] = await copied(admin, label);
  return { server, back, values };
}

/** The pop-up: the admin is asked and allows it; the access token. */
export async function allowed(admin, back, values, picture) {
  const verifier = 'v'.repeat(64);
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: values['Client ID'],
    redirect_uri: back,
    state: 'kites',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  await admin.page.goto(`${values['Authorize URL']}?${asked}`);
  await look(admin, picture);
  await admin.page.getByRole('button', { name: /^Allow/ }).click();
  await admin.page.waitForURL(`${back}?*`);
  const answer = new URL(admin.page.url()).searchParams;
  assert.equal(answer.get('state'), 'kites');
  const tokens = await fetch(values['Token URL'], {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: answer.get('code'),
      redirect_uri: back,
      code_verifier: verifier,
      client_id: values['Client ID'],
      client_secret: values['Client secret'],
    }),
  });
  return (await tokens.json()).access_token;
}

export async function add(admin, provider) {
  await admin.go('/admin/integrations/new?q=scim');
  await admin.follow(provider);
  await admin.press('Add and go on');
  await admin.page.getByText('It is off until you turn it on.').waitFor();
}

/** From the page of a new integration to one that provisions. */
export async function turnOn(admin, name) {
  await admin.follow('Set up provisioning (SCIM)');
  await admin.at(`Provisioning through ${name}`);
  await admin.press('Turn it on');
  await admin.press(`Turn ${name} on`);
  await admin.page.getByText('Its identity provider can provision people now.').waitFor();
}

/** People are here already, so that what is sent would wait for an admin: it need not. From the page of provisioning, and back. */
export async function letThrough(admin) {
  const here = new URL(admin.page.url()).pathname;
  await admin.go(`${here}/settings`);
  await admin.page.getByLabel(/At once/).check();
  await admin.press('Save');
  await admin.page.getByRole('status').filter({ hasText: 'changed' }).waitFor();
  await admin.go(here);
}

/** Makes a credential and copies these values. Loading the page again makes no second one and shows none. */
export async function make(admin, button, picture, labels) {
  await admin.follow(button);
  await admin.press(button);
  await admin.at('Copy it now');
  await look(admin, picture);
  const values = {};
  for (const label of labels) values[label] = await copied(admin, label);
  await admin.page.reload();
  await admin.alert().filter({ hasText: 'A credential was made since this form was opened.' }).waitFor();
  assert.ok(!(await admin.page.content()).includes(values[labels.at(-1)]), 'the secret is shown twice');
  await admin.follow('Cancel');
  await admin.link(button).waitFor();
  assert.equal(await admin.page.locator('[aria-labelledby=credentials] tbody tr').count(), 1);
  return values;
}

/** Waits, without loading the page again, until so many of its four steps are done. */
export async function arrived(admin, many) {
  await admin.page.locator('#arrival .is-done').nth(many - 1).waitFor({ timeout: 20_000 });
}

/** What the Copy button beside this label puts on the clipboard. */
export async function copied(visitor, label) {
  const row = visitor.page.locator(`[data-copies="${label}"]`).first();
  await row.getByRole('button', { name: `Copy ${label}` }).click();
  await row.getByText('Copied').waitFor();
  return visitor.page.evaluate(() => navigator.clipboard.readText());
}
