//! Apps: tiles on the members' home, each with a name, an address and perhaps a picture.

use url::Url;

use super::AppId;

/// One app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub name: String,
    /// Absolute, `https`.
    pub address: String,
    pub has_picture: bool,
    pub version: i64,
}

/// Largest picture in bytes.
pub const PICTURE_LIMIT: usize = 256 * 1024;
/// Longest address in characters.
pub const ADDRESS_LIMIT: usize = 2_000;

/// A picture whose bytes begin as its type says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `image/png`, `image/jpeg` or `image/webp`.
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Picture {
    /// By the bytes alone; what a browser or a file name says of them does not count. No SVG: it can hold a program.
    pub fn read(bytes: Vec<u8>) -> Result<Self, &'static str> {
        if bytes.len() > PICTURE_LIMIT {
            return Err(
                "This picture is larger than 256 KiB. Make it smaller; 128 by 128 pixels are enough.",
            );
        }
        let content_type = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            "image/png"
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            "image/jpeg"
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            "image/webp"
        } else {
            return Err("This is no PNG, JPEG or WebP picture.");
        };
        Ok(Self { content_type, bytes })
    }

    /// The type under which it was stored.
    pub fn known_type(text: &str) -> Option<&'static str> {
        ["image/png", "image/jpeg", "image/webp"]
            .into_iter()
            .find(|known| *known == text)
    }
}

impl App {
    /// At most two letters, for an app without a picture.
    pub fn initials(&self) -> String {
        let firsts = self
            .name
            .split_whitespace()
            .filter_map(|word| word.chars().next());
        firsts.take(2).flat_map(char::to_uppercase).collect()
    }
}

/// Trims an address and checks it.
pub fn checked_address(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter the address, such as https://wiki.example.com.");
    }
    if text.chars().count() > ADDRESS_LIMIT {
        return Err("An address has at most 2000 characters.");
    }
    let url = Url::parse(text).map_err(|_| "This is no address. It begins with https://.")?;
    if url.scheme() != "https" || url.host_str().is_none_or(str::is_empty) {
        return Err("The address of an app begins with https://.");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "Leave user name and password out of the address: everybody who sees the app would see them.",
        );
    }
    Ok(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        let of = |bytes: &[u8]| Picture::read(bytes.to_vec()).map(|picture| picture.content_type);
        assert_eq!(of(b"\x89PNG\r\n\x1a\n..."), Ok("image/png"));
        assert_eq!(of(b"\xff\xd8\xff\xe0"), Ok("image/jpeg"));
        assert_eq!(of(b"RIFF....WEBPVP8 "), Ok("image/webp"));
        for bad in [
            &b"<svg onload=alert(1)>"[..],
            b"GIF89a",
            b"",
            b"RIFF....WAVE",
            b"<html>",
        ] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
        let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
        large.resize(PICTURE_LIMIT + 1, 0);
        assert!(Picture::read(large).is_err());
    }

    #[test]
    fn an_address_leads_out_by_https_alone() {
        assert_eq!(
            checked_address(" https://wiki.example.com "),
            Ok("https://wiki.example.com/".to_owned())
        );
        for bad in [
            "",
            "wiki",
            "http://a.b",
            "javascript:alert(1)",
            "https://",
            "https://u:p@a.b/",
            "data:text/html,x",
        ] {
            assert!(checked_address(bad).is_err(), "{bad}");
        }
    }
}
