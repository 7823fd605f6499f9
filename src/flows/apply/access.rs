//! `[[role]]`, `[[team]]`, `[[app]]`, `[[access_group]]` with the groups that feed it.

use serde::Deserialize;

use super::about;
use super::mapping::FieldPart;
use crate::error::{Error, Result};
use crate::flows::access_groups::{self, AUTOMATIC, GroupFields, NONE};
use crate::flows::apps::{self, AppFields};
use crate::flows::roles::{self, RoleFields};
use crate::flows::{Act, feeds, mapping, teams};
use crate::model::filter::fold;
use crate::model::{AccessGroup, Connection, Permission, Reach, ScimId, Visibility};
use crate::store::directory::groups;
use crate::store::feeds::Source;
use crate::store::{self, claimed_groups};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolePart {
    key: String,
    name: Option<String>,
    hint: Option<String>,
    permissions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamPart {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppPart {
    name: String,
    address: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPart {
    name: String,
    role: Option<String>,
    /// `everybody`, `team`, `oneself`.
    sees_people: Option<String>,
    /// Names; without it every app.
    sees_apps: Option<Vec<String>>,
    members_of: Option<Vec<FeedPart>>,
}

/// A group of an identity provider: one that it pushed, or a value that sign-ins bring.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeedPart {
    connection: String,
    /// Id, external id or name of a pushed group, as it is called when the file is applied.
    group: Option<String>,
    /// A value of a SAML attribute or OpenID Connect claim.
    claim: Option<String>,
    #[serde(default)]
    may_make_owners: bool,
}

/// What a file says of access.
pub struct AccessParts {
    pub roles: Vec<RolePart>,
    pub teams: Vec<TeamPart>,
    pub apps: Vec<AppPart>,
    pub groups: Vec<GroupPart>,
    pub fields: Vec<FieldPart>,
}

impl AccessParts {
    /// What needs no connection.
    pub fn before_connections(&self, act: &Act) -> Result<()> {
        for part in &self.roles {
            role(act, part).map_err(|error| about(&format!("role {}", part.key), error))?;
        }
        let mut keys = Vec::new();
        for part in &self.roles {
            keys.extend(store::roles::find(act.w, &part.key)?.map(|role| role.key));
        }
        roles::arrange(act, &keys).map_err(|error| about("the order of the roles", error))?;
        for part in &self.teams {
            if store::teams::find_by_name(act.w, part.name.trim())?.is_none() {
                teams::add(act, &part.name).map_err(|error| about("team", error))?;
            }
        }
        for part in &self.apps {
            app(act, part).map_err(|error| about(&format!("app {}", part.name), error))?;
        }
        for part in &self.fields {
            mapping::apply_field(act, &part.key, &part.label).map_err(|error| about(&part.key, error))?;
        }
        Ok(())
    }

    /// Access groups with what feeds them.
    pub fn after_connections(&self, act: &Act) -> Result<()> {
        for part in &self.groups {
            group(act, part).map_err(|error| about(&format!("access group {}", part.name), error))?;
        }
        let mut names = Vec::new();
        for part in &self.groups {
            names
                .extend(store::access_groups::find_by_name(act.w, part.name.trim())?.map(|group| group.name));
        }
        access_groups::arrange(act, &names)
            .map_err(|error| about("the order of the access groups", error))?;
        Ok(())
    }
}

fn role(act: &Act, part: &RolePart) -> Result<()> {
    let found = store::roles::find(act.w, &part.key)?;
    let mut permissions = Vec::new();
    for key in part.permissions.iter().flatten() {
        let known = Permission::ALL.map(Permission::key).join(", ");
        let message = format!("There is no permission \"{key}\". There are {known}.");
        permissions.push(Permission::parse(key).ok_or_else(|| Error::invalid("permissions", message))?);
    }
    if part.permissions.is_none() {
        permissions.extend(found.iter().flat_map(|role| role.permissions.iter()));
    }
    let of = |given: &Option<String>, was: Option<&String>| given.clone().or_else(|| was.cloned());
    let fields = RoleFields {
        name: of(&part.name, found.as_ref().map(|role| &role.name)).unwrap_or_else(|| part.key.clone()),
        hint: of(&part.hint, found.as_ref().map(|role| &role.hint)).unwrap_or_default(),
        permissions,
    };
    match found {
        Some(role) => roles::change(act, &role.key, &fields, None).map(drop),
        None => roles::add(act, &part.key, &fields).map(drop),
    }
}

fn app(act: &Act, part: &AppPart) -> Result<()> {
    let fields = AppFields {
        name: part.name.clone(),
        address: part.address.clone(),
        ..AppFields::default()
    };
    match store::apps::find_by_name(act.w, part.name.trim())? {
        Some(app) => apps::change(act, app.id, &fields, None).map(drop),
        None => apps::add(act, &fields).map(drop),
    }
}

/// What a file says of seeing; what it does not say stays as it was.
pub fn visibility(
    act: &Act,
    people: Option<&str>,
    apps: Option<&[String]>,
    was: Option<&Visibility>,
) -> Result<Visibility> {
    let people = match people {
        Some(key) => Reach::parse(key).ok_or_else(|| {
            let known = Reach::ALL.map(Reach::key).join(", ");
            Error::invalid(
                "sees_people",
                format!("There is no \"{key}\". There are {known}."),
            )
        })?,
        None => was.map_or_else(Reach::default, |was| was.people),
    };
    let apps = match apps {
        Some(names) => {
            let mut ids = Vec::new();
            for name in names {
                let app = store::apps::find_by_name(act.w, name)?;
                let message = format!("There is no app \"{name}\".");
                ids.push(app.ok_or_else(|| Error::invalid("sees_apps", message))?.id);
            }
            Some(ids)
        }
        None => was.and_then(|was| was.apps.clone()),
    };
    Ok(Visibility { people, apps })
}

fn group(act: &Act, part: &GroupPart) -> Result<()> {
    let found = store::access_groups::find_by_name(act.w, part.name.trim())?;
    let was = found.as_ref();
    let Visibility { people, apps } = visibility(
        act,
        part.sees_people.as_deref(),
        part.sees_apps.as_deref(),
        was.map(|group| &group.visibility),
    )?;
    let fields = GroupFields {
        name: part.name.clone(),
        role: match (&part.role, was) {
            (Some(role), _) => role.clone(),
            (None, Some(group)) => group.role.clone(),
            (None, None) => store::roles::lowest(act.w)?.key,
        },
        people,
        apps,
    };
    let group = match was {
        Some(group) => access_groups::change(act, group.id, &fields, None)?,
        None => access_groups::add(act, &fields)?,
    };
    match &part.members_of {
        Some(parts) => feed(act, &group, parts),
        None => Ok(()),
    }
}

/// From now on these groups and no others feed it.
fn feed(act: &Act, group: &AccessGroup, parts: &[FeedPart]) -> Result<()> {
    let mut wanted = Vec::new();
    for part in parts {
        let connection = store::connections::find_by_slug(act.w, &part.connection)?.ok_or_else(|| {
            let message = format!("There is no integration \"{}\".", part.connection);
            Error::invalid("members_of", message)
        })?;
        let source = source(act, &connection, part)?;
        wanted.push((connection, source, part.may_make_owners));
    }
    feeds::become_these(act, group.id, wanted)
}

fn source(act: &Act, connection: &Connection, part: &FeedPart) -> Result<Source> {
    match (&part.group, &part.claim) {
        (Some(name), None) => {
            let by_id = match ScimId::parse(name) {
                Some(id) => groups::find(act.w, connection.id, id)?,
                None => None,
            };
            let by_id = match by_id {
                Some(group) => Some(group),
                None => groups::find_by_external_id(act.w, connection.id, name)?,
            };
            let found = match by_id {
                Some(group) => Some(group),
                None => groups::find_by_name(act.w, connection.id, &fold(name))?,
            };
            let message = format!(
                "{} has pushed no group \"{name}\". Have it push the group first, or name a value of its sign-ins as \
                 claim.",
                connection.name
            );
            let found = found.ok_or_else(|| Error::invalid("members_of", message))?;
            Ok(Source::Pushed(found.seq))
        }
        (None, Some(value)) => match claimed_groups::find(act.w, connection.id, value)? {
            Some(seq) => Ok(Source::Claimed(seq)),
            None => feeds::name_claimed(act, connection, value),
        },
        _ => Err(Error::invalid("members_of", "Give group or claim, one of them.")),
    }
}

/// The id of a team by its name; empty stays empty.
pub fn team_id(act: &Act, name: &str) -> Result<String> {
    if name.is_empty() {
        return Ok(String::new());
    }
    let team = store::teams::find_by_name(act.w, name)?;
    let message = format!("There is no team \"{name}\".");
    Ok(team
        .ok_or_else(|| Error::invalid("team", message))?
        .id
        .to_string())
}

/// What a form would say for this access group.
pub fn group_value(act: &Act, name: &str) -> Result<String> {
    if name == AUTOMATIC || name == NONE {
        return Ok(name.to_owned());
    }
    let group = store::access_groups::find_by_name(act.w, name)?;
    let message = format!("There is no access group \"{name}\".");
    Ok(group
        .ok_or_else(|| Error::invalid("access_group", message))?
        .id
        .to_string())
}
