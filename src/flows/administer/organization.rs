//! The organization itself: its name, its address in the world, whom to ask.

use serde_json::json;

use super::difference;
use crate::error::{Error, Result};
use crate::flows::{Act, Context, Who};
use crate::model::person::checked_name;
use crate::model::{Action, BaseUrl, Organization, Subject};
use crate::store;

/// What Settings and `apply` may change of the organization. `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationFields {
    pub name: Option<String>,
    pub base_url: Option<String>,
    pub contact: Option<String>,
    pub list_integrations: Option<bool>,
}

/// Checks a name for an organization: 1 to 200 characters that print.
pub fn organization_name(text: &str) -> Result<String> {
    let name = checked_name(text).map_err(|e| Error::invalid("name", e))?;
    if name.is_empty() {
        Err(Error::invalid("name", "Enter the organization's name."))
    } else {
        Ok(name)
    }
}

/// Checks a base URL.
pub fn base_url(text: &str) -> Result<BaseUrl> {
    BaseUrl::parse(text).map_err(|e| Error::invalid("base_url", e.to_string()))
}

/// Changes the organization. The caller refreshes the context afterwards.
pub fn change_organization(act: &Act, fields: &OrganizationFields) -> Result<Organization> {
    act.need_owner()?;
    let was = store::organization::get(act.w)?;
    let mut is = was.clone();
    if let Some(name) = &fields.name {
        is.name = organization_name(name)?;
    }
    if let Some(url) = &fields.base_url {
        is.base_url = base_url(url)?;
    }
    if let Some(contact) = &fields.contact {
        is.contact = checked_name(contact).map_err(|e| Error::invalid("contact", e))?;
    }
    if let Some(list) = fields.list_integrations {
        is.settings.login.list_integrations = list;
    }
    if is != was {
        store::organization::update(act.w, &is)?;
        let facts = |o: &Organization| {
            json!({
                "name": o.name, "base_url": o.base_url, "contact": o.contact,
                "list_integrations": o.settings.login.list_integrations,
            })
        };
        let (before, after) = difference(&facts(&was), &facts(&is));
        act.event(
            Action::OrganizationChanged,
            organization_subject(&is),
            before,
            after,
        )?;
    }
    Ok(is)
}

pub fn organization_subject(organization: &Organization) -> Subject {
    Subject {
        kind: "organization",
        id: "organization".to_owned(),
        label: organization.name.clone(),
    }
}

impl Context {
    /// Changes the organization and lets every page see it.
    pub async fn change_organization(&self, who: Who, fields: OrganizationFields) -> Result<Organization> {
        let changed = self
            .act(who, move |act| change_organization(act, &fields))
            .await?;
        self.refresh_organization()?;
        Ok(changed)
    }
}
