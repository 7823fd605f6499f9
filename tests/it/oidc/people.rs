//! UserInfo, and what is made of claims.

use doorward::oidc::{Claims, profile, read_userinfo, subject};
use serde_json::{Value, json};

use super::*;

const JSON: Option<&str> = Some("application/json; charset=utf-8");

fn claims(change: impl FnOnce(&mut Value)) -> Claims {
    verify(&with(change)).expect("claims")
}

/// Claims of this issuer, for the rules of one vendor.
fn issued_by(issuer: &str, change: impl FnOnce(&mut Value)) -> Claims {
    let mut provider = provider();
    provider.issuer = issuer.to_owned();
    let token = rsa().jwt(&with(|claims| {
        claims["iss"] = issuer.into();
        change(claims);
    }));
    verify_id_token(
        &token,
        &published(&[rsa()]),
        &expected(&provider),
        &mut Vec::new(),
    )
    .expect("claims")
}

fn after(claims: &mut Claims, said: Value) -> Result<(), &'static str> {
    read_userinfo(JSON, said.to_string().as_bytes(), claims).map_err(|problem| problem.code())
}

#[test]
fn userinfo_is_about_the_same_person_or_is_not_used() {
    let thin = || claims(|claims| claims["email"] = Value::Null);
    for said in [
        json!({ "sub": "00u2", "email": "m@example.com" }),
        json!({ "email": "m@example.com" }),
        json!({ "sub": 1 }),
        json!({ "sub": ["00u1"] }),
        json!({ "sub": "00u1 " }),
    ] {
        let (mut claims, before) = (thin(), thin());
        assert_eq!(after(&mut claims, said), Err("oidc.userinfo_subject"));
        assert_eq!(claims, before);
    }
    for (kind, body) in [
        (Some("application/jwt"), r#"{"sub":"00u1"}"#),
        (Some("text/html"), r#"{"sub":"00u1"}"#),
        (None, r#"{"sub":"00u1"}"#),
        (JSON, ""),
        (JSON, "[]"),
        (JSON, r#"{"sub":"00u1","sub":"00u1"}"#),
    ] {
        let problem = read_userinfo(kind, body.as_bytes(), &mut thin()).expect_err(body);
        assert_eq!(problem.code(), "oidc.userinfo", "{kind:?} {body}");
    }
}

#[test]
fn userinfo_fills_in_and_never_replaces_what_was_signed() {
    let mut claims = claims(|claims| claims["given_name"] = "Bob".into());
    let said = json!({
        "sub": "00u1", "given_name": "Mallory", "family_name": "Tan", "groups": ["staff"], "iss": "https://other.example",
        "oid": "x", "tid": "y", "sid": "s9", "auth_time": 1, "aud": "z", "acr": "high",
    });
    assert_eq!(after(&mut claims, said), Ok(()));
    let profile = profile(&claims);
    assert_eq!(
        (profile.given_name.as_deref(), profile.family_name.as_deref()),
        (Some("Bob"), Some("Tan"))
    );
    assert_eq!(profile.groups, ["staff"]);
    for name in ["oid", "tid", "sid", "auth_time", "acr"] {
        assert!(!claims.raw.contains_key(name), "{name}");
    }
    assert_eq!(claims.text("iss"), Some(ISSUER));
}

#[test]
fn no_word_that_an_address_is_verified_is_lent_to_another() {
    let merged = |token: Value, said: Value| {
        let mut claims = claims(|claims| {
            let members = claims.as_object_mut().expect("claims");
            members.retain(|name, _| !name.starts_with("email"));
            members.extend(token.as_object().expect("members").clone());
        });
        after(&mut claims, said).expect("UserInfo");
        let profile = profile(&claims);
        (profile.email.unwrap_or_default(), profile.email_verified)
    };
    let (bob, eve) = ("bob@example.com", "eve@example.com");
    for (token, said, email, verified) in [
        (
            json!({ "email_verified": true }),
            json!({ "sub": "00u1", "email": eve }),
            eve,
            false,
        ),
        (
            json!({ "email": bob }),
            json!({ "sub": "00u1", "email": eve, "email_verified": true }),
            bob,
            false,
        ),
        (
            json!({ "email": bob }),
            json!({ "sub": "00u1", "email_verified": true }),
            bob,
            false,
        ),
        (
            json!({ "email": bob }),
            json!({ "sub": "00u1", "email": bob, "email_verified": true }),
            bob,
            true,
        ),
        (
            json!({}),
            json!({ "sub": "00u1", "email": eve, "email_verified": true }),
            eve,
            true,
        ),
        (
            json!({ "email": bob, "email_verified": false }),
            json!({ "sub": "00u1", "email": bob, "email_verified": true }),
            bob,
            false,
        ),
    ] {
        assert_eq!(
            merged(token.clone(), said.clone()),
            (email.to_owned(), verified),
            "{token} {said}"
        );
    }
}

#[test]
fn verified_is_the_word_true_and_nothing_like_it() {
    for (word, verified) in [
        (json!(true), true),
        (json!("true"), false),
        (json!(1), false),
        (Value::Null, false),
        (json!(false), false),
        (json!([true]), false),
    ] {
        assert_eq!(
            profile(&claims(|claims| claims["email_verified"] = word.clone())).email_verified,
            verified,
            "{word}"
        );
    }
    assert!(!profile(&claims(|claims| claims["email"] = Value::Null)).email_verified);
}

#[test]
fn names_come_from_where_they_are() {
    let names = |change: fn(&mut Value)| {
        let profile = profile(&claims(change));
        (
            profile.given_name.unwrap_or_default(),
            profile.family_name.unwrap_or_default(),
        )
    };
    assert_eq!(
        names(|claims| claims["name"] = "Ada Maria Lovelace".into()),
        ("Ada Maria".into(), "Lovelace".into())
    );
    assert_eq!(
        names(|claims| claims["name"] = "Ada".into()),
        ("Ada".into(), String::new())
    );
    assert_eq!(
        names(|claims| claims["name"] = " ".into()),
        (String::new(), String::new())
    );
    assert_eq!(
        names(|claims| {
            claims["name"] = "X Y".into();
            claims["family_name"] = "Lovelace".into();
        }),
        (String::new(), "Lovelace".into())
    );
    let profile = profile(&claims(|claims| claims["upn"] = "ada@corp.example".into()));
    assert_eq!(profile.username.as_deref(), Some("ada@corp.example"));
    assert_eq!(profile.email.as_deref(), Some("bob@example.com"));
}

#[test]
fn groups_are_a_list_or_one_and_overage_is_noticed() {
    let of = |change: fn(&mut Value)| {
        let profile = profile(&claims(change));
        (profile.groups, profile.overage)
    };
    assert_eq!(
        of(|claims| claims["groups"] = json!(["a", "b"])),
        (vec!["a".into(), "b".into()], false)
    );
    assert_eq!(
        of(|claims| claims["groups"] = json!("a")),
        (vec!["a".into()], false)
    );
    assert_eq!(of(|claims| claims["groups"] = json!([1, "a"])), (vec![], false));
    assert_eq!(
        of(|claims| claims["_claim_names"] = json!({ "groups": "src1" })),
        (vec![], true)
    );
    assert_eq!(of(|claims| claims["hasgroups"] = json!(true)), (vec![], true));
    assert_eq!(of(|claims| claims["hasgroups"] = json!("true")), (vec![], true));
    assert_eq!(of(|claims| claims["hasgroups"] = json!(false)), (vec![], false));
    assert_eq!(
        of(|claims| claims["_claim_names"] = json!({ "roles": "src1" })),
        (vec![], false)
    );
}

#[test]
fn the_lasting_name_is_sub_except_where_it_does_not_last() {
    let entra = "https://login.microsoftonline.com/72f9/v2.0";
    let ids = |claims: &mut Value| {
        claims["oid"] = "o-1".into();
        claims["tid"] = "t-1".into();
    };
    let ok = |claims: &Claims, claim: Option<&str>| subject(claims, claim).map_err(|problem| problem.code());
    assert_eq!(ok(&claims(ids), None), Ok("00u1".to_owned()));
    for issuer in [
        entra,
        "https://sts.windows.net/72f9/",
        "https://login.microsoftonline.us/72f9/v2.0",
    ] {
        assert_eq!(
            ok(&issued_by(issuer, ids), None),
            Ok("o-1@t-1".to_owned()),
            "{issuer}"
        );
    }
    // A host that only looks like it.
    for issuer in [
        "https://login.microsoftonline.com.evil.example/x",
        "https://evil.example/login.microsoftonline.com",
    ] {
        assert_eq!(
            ok(&issued_by(issuer, ids), None),
            Ok("00u1".to_owned()),
            "{issuer}"
        );
    }
    let without_oid = issued_by(entra, |claims| claims["tid"] = "t-1".into());
    assert_eq!(ok(&without_oid, None), Err("oidc.subject_claim"));
    assert_eq!(ok(&without_oid, Some("sub")), Ok("00u1".to_owned()));
    assert_eq!(ok(&claims(ids), Some("oid")), Ok("o-1".to_owned()));
    assert_eq!(
        ok(&claims(|_| {}), Some("employee_id")),
        Err("oidc.subject_claim")
    );
    assert_eq!(
        ok(
            &claims(|claims| claims["employee_id"] = json!(7)),
            Some("employee_id")
        ),
        Err("oidc.subject_claim")
    );
}

#[test]
fn the_trace_shows_claims_without_the_nonce() {
    let shown = claims(|claims| claims["groups"] = json!(["a", "b"])).attributes();
    assert!(shown.iter().all(|attribute| attribute.name != "nonce"));
    let groups = shown
        .iter()
        .find(|attribute| attribute.name == "groups")
        .expect("groups");
    assert_eq!(groups.values, ["a", "b"]);
}
