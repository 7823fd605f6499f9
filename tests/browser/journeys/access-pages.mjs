// Every page of Access, the mapping of an integration, a person with all that they can have, and what a member sees of it.
// Facts: base; scripts. okta is provisioned and pushed Sales, which feeds Interviewers; mary is in team North.

import { ALICE, look as audit, signInWithPassphrase } from '../acts.mjs';

export default async function ({ arrive, step, scripts }) {
  const alice = await arrive({ context: { javaScriptEnabled: scripts } });
  const { page } = alice;
  // All faults of all pages at once.
  const faults = [];
  const look = (visitor, name) => audit(visitor, name).catch((fault) => faults.push(fault.message));
  const see = async (path, name) => {
    await alice.go(path);
    await look(alice, name);
  };
  const away = async (link) => {
    const before = page.url();
    await link.click();
    await page.waitForURL((url) => url.href !== before);
  };
  /** The page behind the first row of a list, and the pages that it leads to by these links. */
  const behind = async (list, name, links = []) => {
    await alice.go(list);
    await away(page.locator('main table a.row').first());
    await look(alice, name);
    const here = page.url();
    for (const [link, as] of links) {
      await alice.go(here);
      await away(page.getByRole('link', { name: link }).first());
      await look(alice, as);
    }
  };

  step('roles');
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);
  await see('/admin/access/roles', 'roles');
  await see('/admin/access/roles/new', 'role-new');
  await alice.press('Add this role');
  await look(alice, 'role-wrong');
  await alice.fill({ Key: 'department_admin', Name: 'Department admin', 'Manage people': true });
  await alice.press('Add this role');
  await page.getByText('The role Department admin was added.').waitFor();
  await behind('/admin/access/roles', 'role', [['Remove this role', 'role-removal']]);

  step('teams, access groups, apps');
  await see('/admin/access/teams', 'teams');
  await see('/admin/access/teams/new', 'team-new');
  await behind('/admin/access/teams', 'team');
  await see('/admin/access/groups', 'access-groups');
  await see('/admin/access/groups/new', 'access-group-new');
  await behind('/admin/access/groups', 'access-group', [['Select groups', 'access-group-feeds']]);
  await see('/admin/access/apps', 'apps');
  await see('/admin/access/apps/new', 'app-new');
  await behind('/admin/access/apps', 'app');

  step('mapping');
  await see('/admin/integrations/okta/mapping', 'mapping');

  step('a person with all of it');
  await behind('/admin/people?q=mary', 'person-all', [['Edit', 'person-form-all']]);

  step('what a member sees');
  await see('/', 'home-apps');
  await see('/directory', 'directory');
  await see('/directory?q=nobody', 'directory-nobody');
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
