//! From attributes to a profile: the names that the common IdPs use, and what is not taken for an e-mail.

use doorward::saml::mapping::email;
use doorward::saml::{Profile, profile};

use super::House;

/// The profile from these attributes (one value each) and a NameID of another kind.
fn mapped(attributes: &[(&str, &str)]) -> Profile {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(n, v)| ((*n).to_owned(), vec![(*v).to_owned()]))
        .collect();
    let house = House::new();
    let assertion = house.answer(|r| {
        (r.attributes, r.name_id) = (attributes, "00u1abcd".to_owned());
        r.name_id_format = Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned());
    });
    profile(&assertion.unwrap())
}

#[test]
fn what_the_common_idps_send() {
    let okta = [
        ("email", "ada@acme.example"),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
        ("groups", "Eng"),
    ];
    let onelogin = [
        ("User.email", "ada@acme.example"),
        ("User.FirstName", "Ada"),
        ("User.LastName", "Lovelace"),
        ("memberOf", "Eng"),
    ];
    let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
    let entra = [
        (&*format!("{claims}/emailaddress"), "ada@acme.example"),
        (&*format!("{claims}/givenname"), "Ada"),
        (&*format!("{claims}/surname"), "Lovelace"),
        (
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
            "Eng",
        ),
    ];
    let shibboleth = [
        ("urn:oid:0.9.2342.19200300.100.1.3", "ada@acme.example"),
        ("urn:oid:2.5.4.42", "Ada"),
        ("urn:oid:2.5.4.4", "Lovelace"),
        ("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "Eng"),
    ];
    let auth0 = [
        ("user.email", "ada@acme.example"),
        ("user.first_name", "Ada"),
        ("user.last_name", "Lovelace"),
        ("GROUPS", "Eng"),
    ];
    for attributes in [okta, onelogin, entra, shibboleth, auth0] {
        let profile = mapped(&attributes);
        assert_eq!(
            profile.email.as_deref(),
            Some("ada@acme.example"),
            "{attributes:?}"
        );
        assert_eq!(profile.given_name.as_deref(), Some("Ada"), "{attributes:?}");
        assert_eq!(profile.family_name.as_deref(), Some("Lovelace"), "{attributes:?}");
        assert_eq!(profile.groups, ["Eng"], "{attributes:?}");
        assert_eq!(profile.sources.len(), 4);
        assert_eq!(
            profile.sources[0].to_string(),
            format!("email ← {}", attributes[0].0)
        );
    }
}

#[test]
fn display_name_and_role() {
    let profile = mapped(&[("displayName", "Ada L."), ("role", "admin")]);
    assert_eq!(
        (profile.display_name.as_deref(), profile.role.as_deref()),
        (Some("Ada L."), Some("admin"))
    );
    assert_eq!(profile.email, None);
}

#[test]
fn a_better_name_wins_and_a_value_must_be_an_address() {
    let claim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
    let both = mapped(&[(claim, "upn@acme.example"), ("mail", "ada@acme.example")]);
    assert_eq!(both.email.as_deref(), Some("ada@acme.example"));
    let not_one = mapped(&[("email", "n/a"), ("username", "ada@acme.example")]);
    assert_eq!(not_one.email.as_deref(), Some("ada@acme.example"));
    assert_eq!(not_one.sources[0].to_string(), "email ← username");
}

#[test]
fn the_name_id_is_the_last_resort() {
    let house = House::new();
    let from = |format: &str, value: &str| {
        let assertion = house.answer(|r| {
            r.attributes = vec![];
            (r.name_id, r.name_id_format) = (value.to_owned(), Some(format.to_owned()));
        });
        profile(&assertion.unwrap())
    };
    let email_format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    let unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    for format in [email_format, unspecified] {
        let profile = from(format, "Ada@ACME.example");
        assert_eq!(profile.email.as_deref(), Some("Ada@acme.example"));
        assert_eq!(profile.sources[0].to_string(), "email ← NameID");
    }
    assert_eq!(from(email_format, "ada").email, None);
}

#[test]
fn friendly_names_count_when_names_do_not() {
    let house = House::new();
    let friendly = |xml: String| xml.replace("Name=\"urn:x\"", "Name=\"urn:x\" FriendlyName=\"mail\"");
    let assertion = house.answer(|r| {
        (r.attributes, r.change_unsigned) = (
            vec![("urn:x".into(), vec!["ada@acme.example".into()])],
            Box::new(friendly),
        );
        r.name_id = "1".into();
    });
    let profile = profile(&assertion.unwrap());
    assert_eq!(profile.sources[0].to_string(), "email ← urn:x");
}

#[test]
fn what_is_an_address() {
    assert_eq!(
        email(" Ada.L+x@Acme.EXAMPLE ").as_deref(),
        Some("Ada.L+x@acme.example")
    );
    assert_eq!(email("ada@localhost").as_deref(), Some("ada@localhost"));
    let long = format!("{}@acme.example", "a".repeat(250));
    let not = [
        "",
        "@",
        "ada",
        "ada@",
        "@acme.example",
        "a@b@c",
        "attacker@evil.example@acme.example",
        "ada@acme..example",
        "ada@.example",
        "ada@acme.example.",
        "a da@acme.example",
        "ada\u{a0}@acme.example",
        "ada@acme.example\0",
        "<ada@acme.example>",
        "ada@acme.example,eve@x.example",
        "\"a\"@acme.example",
        "ada@acme_x.example",
        "ada@-acme.example",
        &long,
    ];
    for text in not {
        assert_eq!(email(text), None, "{text}");
    }
}
