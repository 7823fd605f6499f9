//! What Doorward says of itself: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7643 §5, §6, §7; RFC 9865 §3).

use serde_json::Value;

/// `base` is the SCIM base URL, absolute, without a slash at its end.
pub fn service_provider_config(_base: &str) -> Value {
    todo!("protocol")
}

pub fn resource_types(_base: &str) -> Vec<Value> {
    todo!("protocol")
}

/// By id, as in `/ResourceTypes/User`.
pub fn resource_type(_base: &str, _id: &str) -> Option<Value> {
    todo!("protocol")
}

pub fn schemas(_base: &str) -> Vec<Value> {
    todo!("protocol")
}

/// By URN, without regard to case.
pub fn schema(_base: &str, _urn: &str) -> Option<Value> {
    todo!("protocol")
}
