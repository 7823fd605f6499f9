//! Group (RFC 7643 §4.2).

use super::Attribute;

pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("displayName", "A name of the group for people.")
        .required()
        .unique(),
    Attribute::list("members", MEMBERS, "Who is in the group."),
];

const MEMBERS: &[Attribute] = &[
    Attribute::text("value", "The id of the member.")
        .exact()
        .immutable(),
    Attribute::reference("$ref", &["User", "Group"], "The address of the member.").immutable(),
    Attribute::text("display", "A name of the member for people.").read_only(),
    Attribute::text("type", "What the member is.")
        .usual(&["User", "Group"])
        .immutable(),
];
