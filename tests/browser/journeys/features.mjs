// Kinds of integrations: what an owner sees before and after switching one off, and what everybody else sees then.
// Facts: base; scripts. okta signs people in by SAML and provisions them; ada may manage integrations and is no owner.

import { ALICE, look as audit, signInWithPassphrase } from '../acts.mjs';

export default async function ({ arrive, step, scripts }) {
  const faults = [];
  const look = (visitor, name) => audit(visitor, name).catch((fault) => faults.push(fault.message));
  const alice = await arrive({ context: { javaScriptEnabled: scripts } });
  const see = async (visitor, path, name) => {
    await visitor.go(path);
    await look(visitor, name);
  };

  step('an owner switches two kinds off');
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);
  await alice.at('You are signed in');
  await see(alice, '/admin/settings', 'settings-kinds');
  await see(alice, '/admin/settings/features', 'features');
  await alice.follow('Switch off SAML 2.0');
  await alice.at('Switch SAML 2.0 off');
  await look(alice, 'feature-off');
  await alice.press('Switch SAML 2.0 off');
  await alice.page.getByText('SAML 2.0 is switched off.').waitFor();
  await alice.follow('Switch off Provisioning (SCIM)');
  await look(alice, 'feature-off-scim');
  await alice.press('Switch Provisioning (SCIM) off');
  await alice.page.getByText('Provisioning (SCIM) is switched off.').waitFor();
  await look(alice, 'features-off');

  step('what stands in its place');
  await see(alice, '/admin/integrations', 'integrations-off');
  await see(alice, '/admin/integrations/okta', 'integration-kind-off');
  await see(alice, '/admin/integrations/okta/provisioning', 'provisioning-kind-off');
  const ada = await arrive({ context: { javaScriptEnabled: scripts } });
  await see(ada, '/login', 'login-kind-off');
  await see(ada, '/sso/okta', 'sso-kind-off');
  await ada.go('/login');
  await signInWithPassphrase(ada, { email: 'ada@example.com', passphrase: ALICE.passphrase });
  await ada.at('You are signed in');
  await see(ada, '/admin/settings/features', 'features-admin');
  await see(ada, '/admin/integrations/new', 'picker-kinds-off');
  await see(ada, '/admin/integrations/okta', 'integration-kind-off-admin');

  step('on again');
  await alice.go('/admin/settings/features');
  await alice.press('Switch on SAML 2.0');
  await alice.page.getByText('SAML 2.0 is switched on.').waitFor();
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
