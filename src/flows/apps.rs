//! Apps: tiles on the members' home, edited by whoever may manage access. Who sees which is a matter of visibility.

use serde_json::{Value, json};

use crate::error::{Error, FieldProblem, Result};
use crate::model::access::checked_name;
use crate::model::app::checked_address;
use crate::model::{Action, App, AppId, Permission, Picture, Subject};
use crate::store;

use super::{Act, administer};

/// An app as a form or a file describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppFields {
    pub name: String,
    pub address: String,
    pub picture: NewPicture,
}

/// What becomes of the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NewPicture {
    #[default]
    Kept,
    Set(Picture),
    Gone,
}

pub fn add(act: &Act, fields: &AppFields) -> Result<App> {
    act.need(Permission::ManageAccess)?;
    let (name, address) = check(fields)?;
    let app = App {
        id: AppId::new(act.now, act.random_id()),
        name,
        address,
        has_picture: false,
        version: 1,
    };
    store::apps::insert(act.w, &app, act.now)?;
    let app = draw(act, app, &fields.picture)?;
    act.event(Action::AppAdded, subject(&app), Value::Null, facts(&app))?;
    Ok(app)
}

/// `version` is the one that the form was made from; `None` takes what is there.
pub fn change(act: &Act, id: AppId, fields: &AppFields, version: Option<i64>) -> Result<App> {
    act.need(Permission::ManageAccess)?;
    let was = store::apps::get(act.w, id)?;
    let (name, address) = check(fields)?;
    let app = App {
        name,
        address,
        version: version.unwrap_or(was.version),
        ..was.clone()
    };
    if app == was && fields.picture == NewPicture::Kept {
        return Ok(was);
    }
    store::apps::update(act.w, &app, act.now)?;
    let app = draw(act, app, &fields.picture)?;
    let (before, mut after) = administer::difference(&facts(&was), &facts(&app));
    if matches!(fields.picture, NewPicture::Set(_)) {
        after["picture"] = json!("another one");
    }
    act.event(Action::AppChanged, subject(&app), before, after)?;
    store::apps::get(act.w, id)
}

pub fn remove(act: &Act, id: AppId) -> Result<App> {
    act.need(Permission::ManageAccess)?;
    let app = store::apps::get(act.w, id)?;
    store::apps::delete(act.w, id)?;
    act.event(Action::AppRemoved, subject(&app), facts(&app), Value::Null)?;
    Ok(app)
}

fn draw(act: &Act, app: App, picture: &NewPicture) -> Result<App> {
    let picture = match picture {
        NewPicture::Kept => return Ok(app),
        NewPicture::Set(picture) => Some(picture),
        NewPicture::Gone => None,
    };
    store::apps::set_picture(act.w, app.id, picture)?;
    Ok(App {
        has_picture: picture.is_some(),
        ..app
    })
}

fn check(fields: &AppFields) -> Result<(String, String)> {
    let (name, address) = (checked_name(&fields.name), checked_address(&fields.address));
    match (name, address) {
        (Ok(name), Ok(address)) => Ok((name, address)),
        (name, address) => {
            let named = [("name", name.err()), ("address", address.err())];
            let problem = |(field, message): (&str, Option<&str>)| {
                message.map(|message| FieldProblem {
                    field: field.to_owned(),
                    message: message.to_owned(),
                })
            };
            Err(Error::invalid_fields(
                named.into_iter().filter_map(problem).collect(),
            ))
        }
    }
}

fn subject(app: &App) -> Subject {
    Subject {
        kind: "app",
        id: app.id.to_string(),
        label: app.name.clone(),
    }
}

fn facts(app: &App) -> Value {
    json!({ "name": app.name, "address": app.address, "picture": app.has_picture })
}
