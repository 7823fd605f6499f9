//! How a mail looks: the same few sentences as plain text and as HTML that needs nothing from anywhere.
//!
//! The organization's name comes first, then what happened, then the one thing to do. No pictures, no style sheets
//! from outside, no tracking; the colours are the reader's own, so that it is dark where they read in the dark.

use crate::model::Organization;
use crate::model::person::is_unprintable;

use super::Content;

/// A text that is safe as one line of a header: nothing in it ends the line or turns the direction of the text.
pub fn one_line(text: &str) -> String {
    let shown = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c });
    shown
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// As plain text, which reads well alone.
pub fn text(organization: &Organization, content: &Content) -> String {
    let mut parts = vec![one_line(&organization.name)];
    parts.extend(content.paragraphs.iter().map(|p| one_line(p)));
    if let Some((label, address)) = &content.link {
        parts.push(format!("{}:\n{address}", one_line(label)));
    }
    parts.push(format!("-- \n{}", one_line(&footer(organization))));
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

/// As HTML.
pub fn html(organization: &Organization, content: &Content) -> String {
    let mut body = format!("<p><strong>{}</strong></p>\n", escaped(&organization.name));
    for paragraph in &content.paragraphs {
        body.push_str(&format!("<p>{}</p>\n", escaped(paragraph)));
    }
    if let Some((label, address)) = &content.link {
        let (label, address) = (escaped(label), escaped(address));
        body.push_str(&format!("<p><a href=\"{address}\">{label}</a></p>\n"));
        body.push_str(&format!(
            "<p>If the link does not open, copy this address into your browser:<br>{address}</p>\n"
        ));
    }
    body.push_str(&format!(
        "<hr>\n<p><small>{}</small></p>\n",
        escaped(&footer(organization))
    ));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <title>{}</title>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(&content.subject)
    )
}

fn footer(organization: &Organization) -> String {
    let sent = format!(
        "Sent by Doorward, the sign-in of {}, at {}.",
        organization.name, organization.base_url
    );
    match organization.contact.trim() {
        "" => format!("{sent} Nobody reads answers to this mail."),
        contact => format!("{sent} Nobody reads answers to this mail; ask {contact}."),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BaseUrl, Settings, Timestamp};

    fn organization(name: &str) -> Organization {
        Organization {
            name: name.into(),
            base_url: BaseUrl::parse("https://door.example.com").expect("an address"),
            contact: "Alice <b>Ng</b>".into(),
            settings: Settings::default(),
            created_at: Timestamp(0),
        }
    }

    fn content() -> Content {
        Content {
            subject: "Your <new> passphrase".into(),
            paragraphs: vec!["Hello <script>alert(1)</script> & \"co\".\r\nBcc: evil@example.com".into()],
            link: Some((
                "Choose \u{202E}it".into(),
                "https://door.example.com/x?a=1&b=2".into(),
            )),
        }
    }

    #[test]
    fn whatever_is_said_stays_text() {
        let page = html(&organization("<img src=x>"), &content());
        for word in ["<script", "<img", "<new>", "<b>", "\u{202E}"] {
            assert!(!page.contains(word), "{word} in {page}");
        }
        assert!(
            page.contains("href=\"https://door.example.com/x?a=1&amp;b=2\""),
            "{page}"
        );
    }

    #[test]
    fn nothing_is_fetched_from_anywhere_and_dark_stays_dark() {
        let page = html(&organization("Acme"), &content());
        for word in [
            "src=", "<link", "<style", "style=", "url(", "<img", "http://", "bgcolor",
        ] {
            assert!(!page.contains(word), "{word} in {page}");
        }
        assert!(page.contains("name=\"color-scheme\" content=\"light dark\""));
    }

    #[test]
    fn the_plain_text_has_the_bare_address_on_a_line_of_its_own_and_no_line_that_somebody_else_made() {
        let text = text(&organization("Ação e Ñandú"), &content());
        assert!(text.starts_with("Ação e Ñandú\n\n"), "{text}");
        assert!(text.contains("\nhttps://door.example.com/x?a=1&b=2\n"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
    }
}
