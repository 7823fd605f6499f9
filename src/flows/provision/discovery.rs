//! What Doorward says of itself, as answers (RFC 7644 §4).

use serde_json::Value;

use super::route::Target;
use super::{Answer, Caller, Request};
use crate::scim::render::List;
use crate::scim::{ScimProblem, discovery};

/// Answers for the discovery endpoints and `/Me`; `None` for every other.
pub fn answer(caller: &Caller, request: &Request, target: &Target) -> Result<Option<Answer>, ScimProblem> {
    let base = caller.base.as_str();
    let body = match target {
        Target::ServiceProviderConfig => discovery::service_provider_config(base),
        Target::ResourceTypes(None) => list(request, discovery::resource_types(base))?,
        Target::ResourceTypes(Some(id)) => {
            discovery::resource_type(base, id).ok_or_else(|| ScimProblem::not_found("resource type", id))?
        }
        Target::Schemas(None) => list(request, discovery::schemas(base))?,
        Target::Schemas(Some(urn)) => {
            discovery::schema(base, urn).ok_or_else(|| ScimProblem::not_found("schema", urn))?
        }
        Target::Me => {
            let detail = "A credential of this integration belongs to the identity provider, not to a user, so \
                          there is no /Me. Use /Users.";
            return Err(ScimProblem::new(501, None, detail));
        }
        _ => return Ok(None),
    };
    Ok(Some(Answer {
        status: 200,
        body: Some(body),
        ..Answer::default()
    }))
}

fn list(request: &Request, resources: Vec<Value>) -> Result<Value, ScimProblem> {
    if request.asks("filter").is_some() {
        let detail = "These lists are short and cannot be filtered. Leave the filter out.";
        return Err(ScimProblem::forbidden(detail));
    }
    let total = i64::try_from(resources.len()).unwrap_or(i64::MAX);
    let list = List {
        total,
        start_index: Some(1),
        resources,
        ..List::default()
    };
    Ok(list.to_json())
}
