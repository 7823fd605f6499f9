//! Enterprise User (RFC 7643 §4.3), and what Doorward keeps of a user beside it.

use super::Attribute;

pub const ENTERPRISE: &[Attribute] = &[
    Attribute::text(
        "employeeNumber",
        "A number or code that the organization gave the person.",
    ),
    Attribute::text("costCenter", "The name of a cost center."),
    Attribute::text("organization", "The name of an organization."),
    Attribute::text("division", "The name of a division."),
    Attribute::text("department", "The name of a department."),
    Attribute::complex("manager", MANAGER, "The manager of the person."),
];

const MANAGER: &[Attribute] = &[
    Attribute::text("value", "The id of the manager.").exact(),
    Attribute::reference("$ref", &["User"], "The address of the manager."),
    // Read-only in the standard (RFC 7643 §4.3); where a client writes it all the same, it is kept.
    Attribute::text("displayName", "The name of the manager for people.").read_only(),
];

// A checker writes and reads each declared extension as a whole, so what is only read has no place in it.
pub const DOORWARD: &[Attribute] = &[Attribute::text(
    "source",
    "Where the identity provider has the user from, in its own words. Kept and given back.",
)];
