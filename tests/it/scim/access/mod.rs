//! Who is let in, on what, for how long, and what is kept of those who are not.

mod authorisation;
mod connections;
mod grants;
mod http;
mod log;
mod tokens;

use std::fs;

use crate::app::{Page, TestApp};

/// Every SCIM error is one that its readers understand.
pub fn assert_scim_error(page: &Page, status: u16, what: &str) {
    assert_eq!(page.status, status, "{what}: {}", page.text());
    let kind = page.header("content-type");
    assert!(kind.starts_with("application/scim+json"), "{what}: {kind}");
    let body = page.json();
    assert_eq!(body["status"], status.to_string(), "{what}");
    assert_eq!(
        body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error",
        "{what}"
    );
    assert!(
        !body["detail"].as_str().unwrap_or_default().is_empty(),
        "{what}: no detail"
    );
    if status == 401 {
        let ways: Vec<_> = page.headers.get_all("www-authenticate").iter().collect();
        let ways: Vec<_> = ways.iter().filter_map(|way| way.to_str().ok()).collect();
        assert!(
            ways.iter().any(|way| way.starts_with("Bearer")),
            "{what}: {ways:?}"
        );
        assert!(
            ways.iter().any(|way| way.starts_with("Basic")),
            "{what}: {ways:?}"
        );
    }
}

/// Is this text in any file of the appliance's data directory?
pub fn is_on_disk(app: &TestApp, text: &str) -> bool {
    app.flush_scim_log();
    let folder = fs::read_dir(app.folder.path().join("data")).expect("the data directory");
    let mut files = folder.flatten().filter(|file| file.path().is_file());
    files.any(|file| {
        let bytes = fs::read(file.path()).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}
