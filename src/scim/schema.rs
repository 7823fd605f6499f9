//! The attributes that Doorward knows, as one table: what bodies are checked against, what filters are resolved
//! against, and what `/Schemas` shows (RFC 7643 §2.2, §7).

mod extensions;
mod group;
mod user;

use super::{DOORWARD, ENTERPRISE, GROUP, USER};
use crate::model::ResourceKind;
use crate::model::filter::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    String,
    Boolean,
    DateTime,
    Reference,
    Binary,
    Complex,
}

impl Type {
    /// As `/Schemas` names it.
    pub fn key(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::Boolean => "boolean",
            Type::DateTime => "dateTime",
            Type::Reference => "reference",
            Type::Binary => "binary",
            Type::Complex => "complex",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    ReadWrite,
    ReadOnly,
    WriteOnly,
    Immutable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    Always,
    Default,
    Never,
}

/// One attribute or sub-attribute (RFC 7643 §7).
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub description: &'static str,
    pub kind: Type,
    pub multi: bool,
    pub required: bool,
    pub case_exact: bool,
    pub mutability: Mutability,
    pub returned: Returned,
    /// Unique within one connection.
    pub unique: bool,
    /// Values that are usual; others are taken too.
    pub canonical: &'static [&'static str],
    /// What a reference points to.
    pub points_to: &'static [&'static str],
    pub subs: &'static [Attribute],
}

impl Attribute {
    const fn new(name: &'static str, kind: Type, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
            multi: false,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            unique: false,
            canonical: &[],
            points_to: &[],
            subs: &[],
        }
    }

    const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Type::String, description)
    }

    const fn reference(
        name: &'static str,
        points_to: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        let mut attribute = Self::new(name, Type::Reference, description).exact();
        attribute.points_to = points_to;
        attribute
    }

    const fn complex(name: &'static str, subs: &'static [Attribute], description: &'static str) -> Self {
        let mut attribute = Self::new(name, Type::Complex, description);
        attribute.subs = subs;
        attribute
    }

    const fn list(name: &'static str, subs: &'static [Attribute], description: &'static str) -> Self {
        Self::complex(name, subs, description).many()
    }

    const fn many(mut self) -> Self {
        self.multi = true;
        self
    }

    const fn exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    const fn read_only(mut self) -> Self {
        self.mutability = Mutability::ReadOnly;
        self
    }

    const fn immutable(mut self) -> Self {
        self.mutability = Mutability::Immutable;
        self
    }

    const fn always(mut self) -> Self {
        self.returned = Returned::Always;
        self
    }

    /// Taken and never given back: a password.
    const fn secret(mut self) -> Self {
        self.mutability = Mutability::WriteOnly;
        self.returned = Returned::Never;
        self
    }

    const fn usual(mut self, values: &'static [&'static str]) -> Self {
        self.canonical = values;
        self
    }

    /// The sub-attribute of this name, in any case.
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        find(self.subs, name)
    }

    /// How its values compare.
    pub fn compares(&self) -> Kind {
        match self.kind {
            Type::Boolean => Kind::Boolean,
            Type::DateTime => Kind::Moment,
            Type::Complex => Kind::Complex,
            Type::String | Type::Reference | Type::Binary if self.case_exact => Kind::CaseExact,
            Type::String | Type::Reference | Type::Binary => Kind::Text,
        }
    }
}

/// A schema as `/Schemas` shows it.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub urn: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub attributes: &'static [Attribute],
}

pub const SCHEMAS: &[Schema] = &[
    Schema {
        urn: USER,
        name: "User",
        description: "User Account",
        attributes: user::ATTRIBUTES,
    },
    Schema {
        urn: GROUP,
        name: "Group",
        description: "Group",
        attributes: group::ATTRIBUTES,
    },
    Schema {
        urn: ENTERPRISE,
        name: "EnterpriseUser",
        description: "Enterprise User",
        attributes: extensions::ENTERPRISE,
    },
    Schema {
        urn: DOORWARD,
        name: "DoorwardUser",
        description: "What Doorward keeps of a user beside the standard",
        attributes: extensions::DOORWARD,
    },
];

/// What every resource has (RFC 7643 §3.1); no schema lists it.
const COMMON: &[Attribute] = &[
    Attribute::text("id", "The id of the resource at Doorward.")
        .exact()
        .unique()
        .read_only()
        .always(),
    Attribute::text("externalId", "The id of the resource at the identity provider.").exact(),
    // URNs are the same in any case (RFC 8141 §3.1).
    Attribute::new("schemas", Type::Reference, "The schemas of the resource.")
        .many()
        .required()
        .always(),
    Attribute::complex("meta", META, "Facts about the resource.").read_only(),
];

const META: &[Attribute] = &[
    Attribute::text("resourceType", "User or Group.")
        .exact()
        .read_only(),
    Attribute::new("created", Type::DateTime, "When it was created.").read_only(),
    Attribute::new("lastModified", Type::DateTime, "When it was changed last.").read_only(),
    Attribute::reference("location", &["uri"], "The address of the resource.").read_only(),
    Attribute::text("version", "The version of the resource, as an entity tag.")
        .exact()
        .read_only(),
];

fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// The URN of the core schema of this kind.
pub fn core(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => USER,
        ResourceKind::Group => GROUP,
    }
}

/// Is it the core schema of another kind of resource?
pub fn is_foreign(kind: ResourceKind, urn: &str) -> bool {
    let cores = [USER, GROUP].into_iter().filter(|known| *known != core(kind));
    cores.into_iter().any(|known| known.eq_ignore_ascii_case(urn))
}

/// The schema with this URN, in any case.
pub fn by_urn(urn: &str) -> Option<&'static Schema> {
    SCHEMAS.iter().find(|schema| schema.urn.eq_ignore_ascii_case(urn))
}

/// The attribute of this name, in any case; `urn` is `None` for the core schema of `kind`.
pub fn attribute(kind: ResourceKind, urn: Option<&str>, name: &str) -> Option<&'static Attribute> {
    let urn = urn.unwrap_or(core(kind));
    let own = by_urn(urn).and_then(|schema| find(schema.attributes, name));
    own.or_else(|| {
        let is_core = urn.eq_ignore_ascii_case(core(kind));
        is_core.then(|| find(COMMON, name)).flatten()
    })
}
