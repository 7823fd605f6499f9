//! User (RFC 7643 §4.1).

use super::{Attribute, Type};

pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::text(
        "userName",
        "The name by which the user signs in at the identity provider.",
    )
    .required()
    .unique(),
    Attribute::complex("name", NAME, "The parts of the person's name."),
    Attribute::text("displayName", "The name as it is shown to people."),
    Attribute::text("nickName", "What the person is casually called."),
    Attribute::reference(
        "profileUrl",
        &["external"],
        "The address of a page about the person.",
    ),
    Attribute::text("title", "Such as Vice President."),
    Attribute::text(
        "userType",
        "How person and organization relate, such as Employee or Contractor.",
    ),
    Attribute::text(
        "preferredLanguage",
        "The language the person prefers, as in Accept-Language.",
    ),
    Attribute::text(
        "locale",
        "How to write dates, numbers and currencies, such as en-US.",
    ),
    Attribute::text(
        "timezone",
        "A time zone of the IANA database, such as Europe/Berlin.",
    ),
    Attribute::new("active", Type::Boolean, "May the user use this service?"),
    Attribute::text(
        "password",
        "Taken for the sake of clients that send one, and dropped unread.",
    )
    .secret(),
    Attribute::list("emails", EMAILS, "E-mail addresses."),
    Attribute::list("phoneNumbers", PHONES, "Telephone numbers."),
    Attribute::list("ims", IMS, "Instant messaging addresses."),
    Attribute::list("photos", PHOTOS, "Addresses of photos."),
    Attribute::list("addresses", ADDRESSES, "Postal addresses."),
    Attribute::list(
        "groups",
        GROUPS,
        "The groups the user is in, as Doorward knows them.",
    )
    .read_only(),
    Attribute::list(
        "entitlements",
        PLAIN,
        "Entitlements. Kept, and without effect here.",
    ),
    Attribute::list(
        "roles",
        PLAIN,
        "Roles. Kept, with the effect that the integration's mapping gives them: none without one.",
    ),
    Attribute::list("x509Certificates", CERTIFICATES, "Certificates of the user."),
];

const NAME: &[Attribute] = &[
    Attribute::text("formatted", "The whole name, as it is written."),
    Attribute::text("familyName", "The family name."),
    Attribute::text("givenName", "The given name."),
    Attribute::text("middleName", "The middle names."),
    Attribute::text("honorificPrefix", "Such as Ms. or Dr."),
    Attribute::text("honorificSuffix", "Such as III."),
];

const DISPLAY: Attribute = Attribute::text("display", "The value for people.");
const PRIMARY: Attribute = Attribute::new("primary", Type::Boolean, "The preferred one; at most one is.");
const TYPE: Attribute = Attribute::text("type", "What the value is for.");

const EMAILS: &[Attribute] = &[
    Attribute::text("value", "The address."),
    DISPLAY,
    TYPE.usual(&["work", "home", "other"]),
    PRIMARY,
];

const PHONES: &[Attribute] = &[
    Attribute::text("value", "The number."),
    DISPLAY,
    TYPE.usual(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

const IMS: &[Attribute] = &[
    Attribute::text("value", "The address."),
    DISPLAY,
    TYPE.usual(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

const PHOTOS: &[Attribute] = &[
    Attribute::reference("value", &["external"], "The address of the photo."),
    DISPLAY,
    TYPE.usual(&["photo", "thumbnail"]),
    PRIMARY,
];

const ADDRESSES: &[Attribute] = &[
    Attribute::text("formatted", "The whole address, as it is written."),
    Attribute::text("streetAddress", "Street, number and the like."),
    Attribute::text("locality", "City or locality."),
    Attribute::text("region", "State or region."),
    Attribute::text("postalCode", "Zip code or postal code."),
    Attribute::text("country", "The country, by two letters of ISO 3166-1."),
    TYPE.usual(&["work", "home", "other"]),
    PRIMARY,
];

const GROUPS: &[Attribute] = &[
    Attribute::text("value", "The id of the group.")
        .exact()
        .read_only(),
    Attribute::reference("$ref", &["Group"], "The address of the group.").read_only(),
    Attribute::text("display", "The name of the group for people.").read_only(),
    Attribute::text("type", "Is the user in the group directly?")
        .usual(&["direct", "indirect"])
        .read_only(),
];

const PLAIN: &[Attribute] = &[Attribute::text("value", "The value."), DISPLAY, TYPE, PRIMARY];

const CERTIFICATES: &[Attribute] = &[
    Attribute::new("value", Type::Binary, "The certificate, DER in base64.").exact(),
    DISPLAY,
    TYPE,
    PRIMARY,
];
