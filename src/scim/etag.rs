//! Versions as weak entity tags, `W/"7"`, and the conditions that requests put on them (RFC 7644 §3.14, RFC 9110 §13).

/// The tag of a version.
pub fn of(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// Does `If-Match` or `If-None-Match` name this version? `*` names every one; tags may be weak, strong or bare.
pub fn names(header: &str, version: i64) -> bool {
    let version = version.to_string();
    header
        .split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == version)
}
