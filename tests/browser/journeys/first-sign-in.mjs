// From nothing to a member signed in: the whole way, with every page audited.
// Facts: base, code, idp; scripts; giving: "paste" or "url"; binding: "redirect" or "post".

import assert from 'node:assert/strict';
import { look, setUp, signInThrough, tell } from '../acts.mjs';
import { signInAs } from '../lib.mjs';

const OWNER_AT_THE_PROVIDER = { name: 'Alice Ng', name_id: 'alice', attributes: { email: 'alice@example.com' } };
const MARY = {
  name: 'Mary Member',
  name_id: 'mary',
  attributes: { email: 'mary@example.com', 'user.first_name': 'Mary', 'user.last_name': 'Member' },
};

export default async function (facts) {
  const { arrive, step, idp, scripts } = facts;
  const someone = () => arrive({ context: { javaScriptEnabled: scripts } });
  const owner = await someone();
  await tell(idp, { cmd: 'people', people: [MARY, OWNER_AT_THE_PROVIDER] });

  step('first run');
  await setUp(owner, facts);
  await owner.at('Overview');
  await owner.page.getByText('Acme is set up.').waitFor();
  await look(owner, 'overview-empty');

  step('add an integration');
  await addIntegration(owner, 'Okta');
  step('give the metadata');
  await giveMetadata(owner, facts);
  if (facts.binding === 'post') await byPost(owner);
  step('test');
  await tell(idp, { cmd: 'service_provider', url: `${facts.base}/sso/okta/metadata` });
  await test(owner);
  step('turn on');
  await owner.go('/admin/integrations/okta');
  await owner.at('Okta');
  await look(owner, 'integration-tested');
  await owner.press('Turn Okta on');
  await owner.page.getByText('Okta is on. People can sign in through it.').waitFor();
  await look(owner, 'integration-on');
  await member(owner, await someone(), facts);
}

async function addIntegration(owner, name) {
  await owner.go('/admin/integrations');
  await owner.at('Integrations');
  await look(owner, 'integrations-empty');
  await owner.follow('Add an integration');
  await owner.at('Choose an identity provider');
  await look(owner, 'integrations-picker');
  await owner.follow(name);
  await owner.at(`Add ${name}`);
  await look(owner, 'integrations-new');
  await owner.press('Add and go on');
  await owner.at(name);
  await look(owner, 'integration-draft');
}

async function giveMetadata(owner, { idp, giving }) {
  if (giving === 'url') {
    await owner.go('/admin/integrations/okta/identity-provider?by=url');
    await owner.fill({ 'Metadata URL': `${idp}/nowhere` });
    await owner.page.locator('main form .actions button').last().click();
    await owner.page.locator('.error').first().waitFor();
    await look(owner, 'identity-provider-wrong-url');
    await owner.fill({ 'Metadata URL': `${idp}/metadata` });
  } else {
    await owner.go('/admin/integrations/okta/identity-provider?by=paste');
    await owner.fill({ Metadata: 'This is no metadata.' });
    await owner.page.locator('main form .actions button').last().click();
    await owner.page.locator('.error').first().waitFor();
    await look(owner, 'identity-provider-wrong-paste');
    await owner.fill({ Metadata: (await tell(idp, { cmd: 'metadata' })).xml });
  }
  await owner.page.locator('main form .actions button').last().click();
  await owner.page.getByText(`${idp}/metadata`, { exact: true }).first().waitFor();
  await look(owner, `identity-provider-${giving}`);
}

async function byPost(owner) {
  await owner.go('/admin/integrations/okta/settings');
  await look(owner, 'integration-settings');
  await owner.page.locator('[name="request_binding"][value="post"]').check();
  await owner.press('Save');
  await owner.page.getByRole('status').filter({ hasText: 'was changed' }).waitFor();
}

/** A test makes no session and no link, and shows every check. */
async function test(owner) {
  await owner.go('/admin/integrations/okta');
  await owner.page.getByRole('button', { name: 'Test sign-in' }).first().click();
  await throughPost(owner);
  await signInAs(owner, 'Alice Ng');
  await owner.page.getByRole('heading', { name: 'Checks' }).waitFor();
  await look(owner, 'trace-test');
  await owner.go('/');
  await owner.at('You are signed in');
  await owner.page.getByText('your passphrase').waitFor();
}

/** Without scripts a request by POST waits for a press. */
async function throughPost(visitor) {
  const button = visitor.page.getByRole('button', { name: /^Continue to / });
  if (!visitor.scripts && (await button.isVisible())) await button.click();
}

async function member(owner, mary, { base, idp, scripts, binding }) {
  const signIn = async () => {
    await mary.go('/login');
    await mary.follow('Continue with Okta');
    if (binding === 'post') await throughPost(mary);
    await signInAs(mary, 'Mary Member');
  };
  const me = async () => {
    const answer = await mary.context.request.get(`${base}/api/v1/me`);
    return answer.status() === 200 ? answer.json() : null;
  };
  await signIn();
  await mary.at('You have no account here yet');
  assert.equal(await me(), null);
  await mary.press('Request access');
  await mary.page.getByText('Your request waits for an admin.').waitFor();

  await owner.go('/admin/people');
  await owner.at('People');
  await owner.page.getByRole('heading', { name: 'Asking for access' }).waitFor();
  await look(owner, 'people-asking');
  await owner.press('Add Mary Member');
  await owner.page.getByText('Mary Member was added and can sign in now.').waitFor();
  await look(owner, 'people');

  await mary.follow('Sign in again');
  await signIn();
  await mary.at('You are signed in');
  const { email, given_name, family_name, connection } = await me();
  assert.deepEqual({ email, given_name, family_name, connection }, {
    email: 'mary@example.com', given_name: 'Mary', family_name: 'Member', connection: 'okta',
  });

  await mary.press('Sign out');
  await mary.at('Sign in');
  assert.equal(await me(), null);
  await mary.page.goto(`${idp}/portal`);
  await mary.page.getByLabel('Sign in as').selectOption({ label: 'Mary Member' });
  await mary.page.getByRole('button', { name: 'Doorward' }).click();
  if (!scripts) await mary.page.getByRole('button', { name: 'Continue' }).click();
  if (binding === 'post') await throughPost(mary);
  await signInAs(mary, 'Mary Member');
  await mary.at('You are signed in');

  await owner.follow('Mary Member');
  await owner.at('Mary Member');
  await look(owner, 'person');
  await owner.click(owner.page.getByRole('link', { name: /^Deactivate / }));
  await look(owner, 'person-deactivation');
  await owner.page.locator('form.confirm button').click();
  await owner.page.getByText('Mary Member was deactivated and is signed out everywhere.').waitFor();
  await look(owner, 'person-deactivated');

  assert.equal(await me(), null);
  await mary.go('/');
  await mary.at('Sign in');
  await signIn();
  await mary.at('Your account here is not active');
  await owner.go('/admin/activity/sign-ins');
  await look(owner, 'sign-ins');
  await owner.go('/admin/activity/audit');
  await look(owner, 'audit');
}
