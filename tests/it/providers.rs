//! What we know of identity providers is data: every file has to read, and to be of use.

use std::collections::HashSet;

use doorward::model::Provider;
use doorward::model::provider::{OurScimValue, OurValue};

#[test]
fn every_file_reads() {
    assert_eq!(Provider::all().len(), Provider::files());
    let keys: HashSet<_> = Provider::all().iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys.len(), Provider::files(), "two files with the same key");
    for key in [
        "okta",
        "onelogin",
        "entra",
        "google",
        "jumpcloud",
        "pingone",
        "keycloak",
        "adfs",
        "authentik",
        "auth0",
        "duo",
        "rippling",
        "generic",
    ] {
        assert!(keys.contains(key), "no file for {key}");
    }
}

#[test]
fn every_provider_gets_what_saml_needs() {
    for provider in Provider::all() {
        let saml = &provider.saml;
        let gets = |value| saml.values.iter().any(|v| v.value == value);
        let key = &provider.key;
        assert!(
            gets(OurValue::EntityId) && gets(OurValue::Acs),
            "{key}: entity ID or ACS is missing"
        );
        assert!(
            !saml.open.is_empty() && !saml.bring_back.is_empty(),
            "{key}: no way there or back"
        );
        assert!(
            saml.attributes
                .iter()
                .any(|a| a.name.to_lowercase().replace('-', "").contains("email")),
            "{key}: no e-mail"
        );
        let labels: HashSet<_> = saml.values.iter().map(|v| &v.label).collect();
        assert_eq!(labels.len(), saml.values.len(), "{key}: one label twice");
        let day = chrono::NaiveDate::parse_from_str(&provider.labels_checked_on, "%Y-%m-%d");
        assert!(day.is_ok(), "{key}: {:?} is no day", provider.labels_checked_on);
    }
}

#[test]
fn every_provider_gets_what_openid_connect_needs() {
    for provider in Provider::all() {
        let (key, oidc) = (&provider.key, &provider.oidc);
        if !oidc.unavailable.is_empty() {
            assert!(oidc.values.is_empty() && oidc.open.is_empty(), "{key}: both");
            continue;
        }
        let gets = |value| oidc.values.iter().any(|v| v.value == value);
        assert!(gets(OurValue::Callback), "{key}: no redirect URI");
        assert!(
            !oidc.open.is_empty() && !oidc.bring_back.is_empty(),
            "{key}: no way there or back"
        );
        assert!(
            oidc.issuer.starts_with("https://"),
            "{key}: {:?} is no issuer",
            oidc.issuer
        );
        let labels: HashSet<_> = oidc.values.iter().map(|v| &v.label).collect();
        assert_eq!(labels.len(), oidc.values.len(), "{key}: one label twice");
    }
}

#[test]
fn the_general_one_stands_last() {
    assert_eq!(Provider::all().last().map(|p| p.key.as_str()), Some("generic"));
}

#[test]
fn every_provider_gets_what_provisioning_needs() {
    for provider in Provider::all() {
        let (key, scim) = (&provider.key, &provider.scim);
        if !scim.unavailable.is_empty() {
            assert!(scim.values.is_empty() && scim.open.is_empty(), "{key}: both");
            continue;
        }
        let gets = |value: &[OurScimValue]| scim.values.iter().any(|v| value.contains(&v.value));
        let has_address = gets(&[OurScimValue::BaseUrl, OurScimValue::BaseUrlWithFlag]);
        assert!(
            has_address && gets(&[OurScimValue::Token]),
            "{key}: no address or token"
        );
        assert!(
            !scim.open.is_empty() && !scim.then.is_empty(),
            "{key}: no way there or on"
        );
        let labels: HashSet<_> = scim.values.iter().map(|v| &v.label).collect();
        assert_eq!(labels.len(), scim.values.len(), "{key}: one label twice");
    }
}
