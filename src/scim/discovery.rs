//! What Doorward says of itself: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7643 §5, §6, §7; RFC 9865 §3).

use serde_json::{Value, json};

use super::schema::{Attribute, Mutability, Returned, SCHEMAS, Schema, Type};
use super::{DEFAULT_PAGE, DOORWARD, ENTERPRISE, GROUP, MAX_BODY, MAX_BULK, MAX_PAGE, USER};

/// How long a cursor can be used, in seconds.
pub const CURSOR_LIFE: i64 = 3_600;

/// `base` is the SCIM base URL, absolute, without a slash at its end.
pub fn service_provider_config(base: &str) -> Value {
    let scheme = |kind: &str, name: &str, description: &str, spec: &str| json!({ "type": kind, "name": name, "description": description, "specUri": spec });
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": true, "maxOperations": MAX_BULK, "maxPayloadSize": MAX_BODY },
        "filter": { "supported": true, "maxResults": MAX_PAGE },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_PAGE,
            "maxPageSize": MAX_PAGE,
            "cursorTimeout": CURSOR_LIFE,
        },
        "authenticationSchemes": [
            scheme(
                "oauthbearertoken",
                "Bearer token",
                "A token that an admin makes on the integration's page.",
                "https://www.rfc-editor.org/info/rfc6750"
            ),
            scheme(
                "oauth2",
                "OAuth 2.0",
                "Authorization code with PKCE, or client credentials, at /oauth/authorize and /oauth/token.",
                "https://www.rfc-editor.org/info/rfc6749"
            ),
            scheme(
                "httpbasic",
                "User name and passkey",
                "HTTP Basic with what an admin makes on the integration's page.",
                "https://www.rfc-editor.org/info/rfc7617"
            ),
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

pub fn resource_types(base: &str) -> Vec<Value> {
    let extension = |urn: &str| json!({ "schema": urn, "required": false });
    let resource = |name: &str, endpoint: &str, description: &str, urn: &str, extensions: Vec<Value>| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": endpoint,
            "description": description,
            "schema": urn,
            "schemaExtensions": extensions,
            "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") },
        })
    };
    vec![
        resource(
            "User",
            "/Users",
            "Somebody who may sign in",
            USER,
            vec![extension(ENTERPRISE), extension(DOORWARD)],
        ),
        resource(
            "Group",
            "/Groups",
            "Several users under one name",
            GROUP,
            Vec::new(),
        ),
    ]
}

/// By id, as in `/ResourceTypes/User`.
pub fn resource_type(base: &str, id: &str) -> Option<Value> {
    resource_types(base)
        .into_iter()
        .find(|resource| resource["id"] == id)
}

pub fn schemas(base: &str) -> Vec<Value> {
    SCHEMAS.iter().map(|schema| described(base, schema)).collect()
}

/// By URN, without regard to case.
pub fn schema(base: &str, urn: &str) -> Option<Value> {
    super::schema::by_urn(urn).map(|schema| described(base, schema))
}

fn described(base: &str, schema: &Schema) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.urn) },
    })
}

fn attribute(attribute: &Attribute) -> Value {
    let mut shown = json!({
        "name": attribute.name,
        "type": attribute.kind.key(),
        "multiValued": attribute.multi,
        "description": attribute.description,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": match attribute.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::WriteOnly => "writeOnly",
            Mutability::Immutable => "immutable",
        },
        "returned": match attribute.returned {
            Returned::Always => "always",
            Returned::Default => "default",
            Returned::Never => "never",
        },
        "uniqueness": if attribute.unique { "server" } else { "none" },
    });
    if !attribute.canonical.is_empty() {
        shown["canonicalValues"] = json!(attribute.canonical);
    }
    if attribute.kind == Type::Reference {
        shown["referenceTypes"] = json!(attribute.points_to);
    }
    if attribute.kind == Type::Complex {
        let subs = attribute.subs.iter().map(self::attribute).collect::<Vec<_>>();
        shown["subAttributes"] = json!(subs);
    }
    shown
}
