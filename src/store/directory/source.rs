//! Where the values of a field are kept: in a column, in the search document, or in memberships.

use crate::model::ResourceKind;
use crate::model::filter::{Field, Kind};

/// What a condition is asked of. The names are aliases of ours in the SQL.
#[derive(Clone, Debug)]
pub enum Ground {
    /// A row of `directory_users` or `directory_groups`, called `r`.
    Row(ResourceKind),
    /// The `meta` of such a row.
    Meta(ResourceKind),
    /// An element of a list, or a complex value: JSON in this expression.
    Json(String),
    /// The group that a user is in, called `g`.
    GroupOfUser,
    /// The member of a group, called `t`.
    MemberOfGroup(ResourceKind),
}

/// How a column compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Text,
    Integer,
    Boolean,
}

/// Where values are.
#[derive(Clone, Debug)]
pub enum Source {
    /// An SQL expression that is never NULL, or may be.
    Column(String, Class),
    Nullable(String, Class),
    /// One value: what JSON, and the path in it.
    Json(String, String),
    /// A list: what JSON, the path of the list, and, within an element, the path of the value.
    List(String, String, Option<String>),
    /// Memberships, by this field of their other end.
    Ties(Option<Field>),
    /// An address that ends with the endpoint and this id.
    Location(ResourceKind, String),
    /// `meta` itself: there, and equal to nothing.
    Meta,
    /// Nowhere: no document can have it.
    Nothing,
}

fn text(column: &str) -> Source {
    Source::Column(column.to_owned(), Class::Text)
}

fn integer(column: &str) -> Source {
    Source::Column(column.to_owned(), Class::Integer)
}

/// The values of `field` on this ground.
pub fn of(ground: &Ground, field: &Field) -> Source {
    match ground {
        Ground::Row(kind) if field.urn.is_none() => {
            of_row(*kind, field).unwrap_or_else(|| in_json("r.search", field))
        }
        Ground::Row(_) => in_json("r.search", field),
        Ground::Json(json) => in_json(json, field),
        Ground::Meta(kind) => of_meta(*kind, field, &field.name),
        Ground::GroupOfUser => match field.name.as_str() {
            "value" => text("g.id"),
            "display" if field.kind == Kind::CaseExact => text("g.display_name"),
            "display" => text("g.display_key"),
            "type" => text("'direct'"),
            "$ref" => Source::Location(ResourceKind::Group, "g.id".to_owned()),
            _ => Source::Nothing,
        },
        Ground::MemberOfGroup(kind) => of_member(*kind, field),
    }
}

fn of_row(kind: ResourceKind, field: &Field) -> Option<Source> {
    let sub = field.sub.as_deref();
    Some(match (kind, field.name.as_str(), sub) {
        (_, "id", None) => text("r.id"),
        (_, "externalid", None) => Source::Nullable("r.external_id".to_owned(), Class::Text),
        (_, "meta", None) => Source::Meta,
        (_, "meta", Some(sub)) => of_meta(kind, field, sub),
        (ResourceKind::User, "username", None) => text("r.user_name_key"),
        (ResourceKind::User, "active", None) => Source::Column("r.active".to_owned(), Class::Boolean),
        (ResourceKind::Group, "displayname", None) => text("r.display_key"),
        (ResourceKind::User, "groups", sub) | (ResourceKind::Group, "members", sub) => {
            let inner = |sub: &str| Field {
                urn: None,
                name: sub.to_owned(),
                sub: None,
                multi: false,
                kind: field.kind,
            };
            Source::Ties(sub.map(inner))
        }
        _ => return None,
    })
}

fn of_meta(kind: ResourceKind, field: &Field, name: &str) -> Source {
    let exact = field.kind == Kind::CaseExact;
    match (name, kind) {
        ("created", _) => integer("r.created_at"),
        ("lastmodified", _) => integer("r.updated_at"),
        ("version", _) if exact => text("('W/\"' || r.version || '\"')"),
        ("version", _) => text("('w/\"' || r.version || '\"')"),
        ("resourcetype", ResourceKind::User) if exact => text("'User'"),
        ("resourcetype", ResourceKind::User) => text("'user'"),
        ("resourcetype", ResourceKind::Group) if exact => text("'Group'"),
        ("resourcetype", ResourceKind::Group) => text("'group'"),
        ("location", kind) => Source::Location(kind, "r.id".to_owned()),
        _ => Source::Nothing,
    }
}

fn of_member(kind: ResourceKind, field: &Field) -> Source {
    let exact = field.kind == Kind::CaseExact;
    match (field.name.as_str(), kind) {
        ("value", _) => text("t.id"),
        ("display", ResourceKind::User) if exact => text("t.display"),
        ("display", ResourceKind::User) => text(
            "coalesce(CASE json_type(t.search, '$.displayname') WHEN 'text'
                          THEN nullif(json_extract(t.search, '$.displayname'), '') END, t.user_name_key)",
        ),
        ("display", ResourceKind::Group) if exact => text("t.display_name"),
        ("display", ResourceKind::Group) => text("t.display_key"),
        ("type", ResourceKind::User) if exact => text("'User'"),
        ("type", ResourceKind::User) => text("'user'"),
        ("type", ResourceKind::Group) if exact => text("'Group'"),
        ("type", ResourceKind::Group) => text("'group'"),
        ("$ref", kind) => Source::Location(kind, "t.id".to_owned()),
        _ => Source::Nothing,
    }
}

fn in_json(json: &str, field: &Field) -> Source {
    let names = field.urn.iter().chain([&field.name]);
    let (Some(path), sub) = (path(names), field.sub.as_ref().map(|sub| path([sub]))) else {
        return Source::Nothing;
    };
    let json = json.to_owned();
    match sub {
        Some(None) => Source::Nothing,
        Some(Some(sub)) if field.multi => Source::List(json, path, Some(sub)),
        None if field.multi => Source::List(json, path, None),
        Some(Some(sub)) => Source::Json(json, path + sub.trim_start_matches('$')),
        None => Source::Json(json, path),
    }
}

/// `$."name"."sub"`. `None` for a name that cannot be written so; no document has it under such a name.
fn path<'a>(names: impl IntoIterator<Item = &'a String>) -> Option<String> {
    let mut path = "$".to_owned();
    for name in names {
        let plain = |c: char| !c.is_control() && c != '"' && c != '\\';
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        path = path + ".\"" + name + "\"";
    }
    Some(path)
}
