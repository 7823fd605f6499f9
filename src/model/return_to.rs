//! Where a person wanted to go: a path on our own host, never another host.

/// Longest path that is carried through a sign-in: an authorization request with its address and state fits.
const LIMIT: usize = 4_000;

/// The path (with query) if it stays on our host, else `None`.
///
/// Everything that some browser has ever read as another host is refused: `//host`, `/\host`, a scheme,
/// control characters, white space, an encoded slash or backslash at the start, dot segments.
pub fn local_path(text: &str) -> Option<String> {
    if text.len() > LIMIT || !text.starts_with('/') || !text.is_ascii() {
        return None;
    }
    if text
        .bytes()
        .any(|b| b <= b' ' || b == 0x7f || matches!(b, b'\\' | b'<' | b'>' | b'"' | b'`'))
    {
        return None;
    }
    let path = text
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let strange = ["//", "%2f", "%5c", "%00", "%0d", "%0a", "%09", "@"];
    if strange.iter().any(|piece| path.contains(piece)) || path.split('/').any(is_dots) {
        return None;
    }
    // The last word has the parser that browsers use: joined to any host, it must stay there.
    let base = url::Url::parse("https://door.invalid").ok()?;
    let joined = base.join(text).ok()?;
    (joined.host_str() == Some("door.invalid") && joined.scheme() == "https").then(|| text.to_owned())
}

fn is_dots(segment: &str) -> bool {
    matches!(segment.replace("%2e", ".").as_str(), "." | "..")
}
