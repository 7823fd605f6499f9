//! The Assertion (SAML core §2): the types that callers get, and the one function that reads them.
//!
//! [`read`] is only ever given a tree that was parsed from verified bytes. What is optional in the schema and needed
//! by the Web browser SSO profile (SAML profiles §4.1.4.2) is required here.

use bergshamra_xml::uppsala::NodeId;

use crate::model::check::Attribute;
use crate::model::time::Timestamp;

use super::instant;
use super::names::{ASSERTION, FORMAT_UNSPECIFIED};
use super::problem::{SamlProblem, short};
use super::tree::Tree;

/// Characters of a NameID at most (SAML core §8.3.7 asks for 256; some IdPs send longer ones).
const MAX_NAME_ID: usize = 1_024;

/// The subject's identifier (SAML core §2.2.3).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NameId {
    pub value: String,
    /// The format URI; `…:unspecified` when the IdP says none.
    pub format: String,
    pub name_qualifier: Option<String>,
    pub sp_name_qualifier: Option<String>,
}

/// What an IdentityProvider said about a person, verified and found to be meant for us, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// Unique per issuer; with [`Assertion::not_on_or_after`] the row of the replay table.
    pub id: String,
    pub issuer: String,
    pub name_id: NameId,
    /// In the order of the document. Several `Attribute` elements with one Name are one attribute with all the values:
    /// Keycloak sends each group so, and all of it is under one signature, so nothing can be smuggled in.
    pub attributes: Vec<Attribute>,
    /// The IdP's name for its session (SAML core §2.7.2), for single logout.
    pub session_index: Option<String>,
    /// When the person proved who they are.
    pub authn_instant: Timestamp,
    /// Our session may last no longer than this.
    pub session_not_on_or_after: Option<Timestamp>,
    /// The first moment at which this assertion would be refused, allowed clock difference included.
    pub not_on_or_after: Timestamp,
    /// The request that it answers; none when the IdP started the sign-in.
    pub in_response_to: Option<String>,
    /// How the person proved who they are (AuthnContextClassRef or DeclRef).
    pub authn_context: Option<String>,
    /// Fingerprint of the pinned certificate that signed it.
    pub signed_by: String,
    /// Whether it came encrypted.
    pub encrypted: bool,
}

/// An assertion as read, before anybody compared it with expectations.
#[derive(Debug)]
pub(super) struct Read {
    pub id: String,
    pub issuer: Option<String>,
    pub issue_instant: Timestamp,
    pub name_id: NameId,
    pub confirmations: Vec<Confirmation>,
    pub conditions: Option<Conditions>,
    /// At least one (SAML profiles §4.1.4.2).
    pub authn: Vec<Authn>,
    pub attributes: Vec<Attribute>,
}

/// A SubjectConfirmation (SAML core §2.4.1.1).
#[derive(Debug, Default)]
pub(super) struct Confirmation {
    pub method: String,
    pub recipient: Option<String>,
    pub in_response_to: Option<String>,
    pub not_before: Option<Timestamp>,
    pub not_on_or_after: Option<Timestamp>,
}

/// The Conditions (SAML core §2.5.1).
#[derive(Debug)]
pub(super) struct Conditions {
    pub not_before: Option<Timestamp>,
    pub not_on_or_after: Option<Timestamp>,
    /// The audiences of each AudienceRestriction; every restriction must be met.
    pub audiences: Vec<Vec<String>>,
    /// A condition that we do not know and therefore cannot meet.
    pub unknown: Option<String>,
}

/// An AuthnStatement (SAML core §2.7.2).
#[derive(Debug)]
pub(super) struct Authn {
    pub instant: Timestamp,
    pub session_index: Option<String>,
    pub session_not_on_or_after: Option<Timestamp>,
    pub context: Option<String>,
}

fn missing<T>(detail: &'static str) -> Result<T, SamlProblem> {
    Err(SamlProblem::AssertionShape { detail })
}

/// Reads the Assertion at `node`.
pub(super) fn read(tree: &Tree<'_>, node: NodeId) -> Result<Read, SamlProblem> {
    if tree.attribute(node, "Version") != Some("2.0") {
        return missing("the assertion is not version 2.0");
    }
    let Some(id) = tree.attribute(node, "ID") else {
        return missing("the assertion has no ID");
    };
    let Some(issue_instant) = moment(tree, node, "IssueInstant")? else {
        return missing("the assertion has no IssueInstant");
    };
    let mut subjects = tree.children(node, ASSERTION, "Subject");
    let (Some(subject), None) = (subjects.next(), subjects.next()) else {
        return missing("the assertion does not have exactly one Subject");
    };
    let mut conditions = tree.children(node, ASSERTION, "Conditions");
    let conditions = match (conditions.next(), conditions.next()) {
        (None, _) => None,
        (Some(only), None) => Some(read_conditions(tree, only)?),
        _ => return missing("the assertion has several Conditions"),
    };
    let authn = tree
        .children(node, ASSERTION, "AuthnStatement")
        .map(|a| read_authn(tree, a));
    let authn = authn.collect::<Result<Vec<_>, _>>()?;
    if authn.is_empty() {
        return missing("the assertion has no AuthnStatement");
    }
    Ok(Read {
        id: id.to_owned(),
        issuer: super::expectations::issuer_of(tree, node),
        issue_instant,
        name_id: read_name_id(tree, subject)?,
        confirmations: tree
            .children(subject, ASSERTION, "SubjectConfirmation")
            .map(|c| read_confirmation(tree, c))
            .collect::<Result<_, _>>()?,
        conditions,
        authn,
        attributes: read_attributes(tree, node)?,
    })
}

fn moment(tree: &Tree<'_>, node: NodeId, name: &str) -> Result<Option<Timestamp>, SamlProblem> {
    match tree.attribute(node, name).map(instant::read) {
        None => Ok(None),
        Some(Some(at)) => Ok(Some(at)),
        Some(None) => missing("a date is not a date"),
    }
}

fn owned(tree: &Tree<'_>, node: NodeId, name: &str) -> Option<String> {
    tree.attribute(node, name).map(str::to_owned)
}

fn read_name_id(tree: &Tree<'_>, subject: NodeId) -> Result<NameId, SamlProblem> {
    if tree.child(subject, ASSERTION, "EncryptedID").is_some() {
        return missing("the NameID is encrypted on its own; encrypt the whole assertion instead");
    }
    name_id(tree, subject)
}

/// The one NameID below `subject`: a Subject, or a message that is about somebody.
pub(super) fn name_id(tree: &Tree<'_>, subject: NodeId) -> Result<NameId, SamlProblem> {
    let mut nodes = tree.children(subject, ASSERTION, "NameID");
    let (Some(node), None) = (nodes.next(), nodes.next()) else {
        return missing("there is not exactly one NameID");
    };
    let Some(value) = tree.text(node) else {
        return missing("the NameID holds elements");
    };
    if value.is_empty() || value.chars().count() > MAX_NAME_ID {
        return missing("the NameID is empty or very long");
    }
    // Characters that no identifier has, but that make two of them look alike.
    if value.chars().any(char::is_control) {
        return missing("the NameID holds control characters");
    }
    Ok(NameId {
        value,
        format: owned(tree, node, "Format").unwrap_or_else(|| FORMAT_UNSPECIFIED.to_owned()),
        name_qualifier: owned(tree, node, "NameQualifier"),
        sp_name_qualifier: owned(tree, node, "SPNameQualifier"),
    })
}

fn read_confirmation(tree: &Tree<'_>, node: NodeId) -> Result<Confirmation, SamlProblem> {
    let method = owned(tree, node, "Method").unwrap_or_default();
    let Some(data) = tree.child(node, ASSERTION, "SubjectConfirmationData") else {
        return Ok(Confirmation {
            method,
            ..Confirmation::default()
        });
    };
    Ok(Confirmation {
        method,
        recipient: owned(tree, data, "Recipient"),
        in_response_to: owned(tree, data, "InResponseTo"),
        not_before: moment(tree, data, "NotBefore")?,
        not_on_or_after: moment(tree, data, "NotOnOrAfter")?,
    })
}

fn read_conditions(tree: &Tree<'_>, node: NodeId) -> Result<Conditions, SamlProblem> {
    let mut conditions = Conditions {
        not_before: moment(tree, node, "NotBefore")?,
        not_on_or_after: moment(tree, node, "NotOnOrAfter")?,
        audiences: Vec::new(),
        unknown: None,
    };
    for condition in tree.elements(node) {
        if tree.is(condition, ASSERTION, "AudienceRestriction") {
            let audiences = tree
                .children(condition, ASSERTION, "Audience")
                .filter_map(|a| tree.text(a));
            conditions.audiences.push(audiences.collect());
        } else if !tree.is(condition, ASSERTION, "OneTimeUse")
            && !tree.is(condition, ASSERTION, "ProxyRestriction")
        {
            // We use every assertion once and pass none on, so these two are always met.
            conditions
                .unknown
                .get_or_insert_with(|| short(tree.local(condition)));
        }
    }
    Ok(conditions)
}

fn read_authn(tree: &Tree<'_>, node: NodeId) -> Result<Authn, SamlProblem> {
    let Some(instant) = moment(tree, node, "AuthnInstant")? else {
        return missing("the AuthnStatement has no AuthnInstant");
    };
    let context = tree.child(node, ASSERTION, "AuthnContext").and_then(|context| {
        ["AuthnContextClassRef", "AuthnContextDeclRef"]
            .iter()
            .find_map(|name| {
                tree.child(context, ASSERTION, name)
                    .and_then(|reference| tree.text(reference))
            })
    });
    Ok(Authn {
        instant,
        session_index: owned(tree, node, "SessionIndex"),
        session_not_on_or_after: moment(tree, node, "SessionNotOnOrAfter")?,
        context,
    })
}

fn read_attributes(tree: &Tree<'_>, assertion: NodeId) -> Result<Vec<Attribute>, SamlProblem> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for statement in tree.children(assertion, ASSERTION, "AttributeStatement") {
        for node in tree.children(statement, ASSERTION, "Attribute") {
            let Some(name) = tree.attribute(node, "Name") else {
                return missing("an Attribute has no Name");
            };
            let values = read_values(tree, node)?;
            match attributes.iter_mut().find(|known| known.name == name) {
                Some(known) => known.values.extend(values),
                None => attributes.push(Attribute {
                    name: name.to_owned(),
                    friendly_name: owned(tree, node, "FriendlyName"),
                    values,
                }),
            }
        }
    }
    Ok(attributes)
}

fn read_values(tree: &Tree<'_>, attribute: NodeId) -> Result<Vec<String>, SamlProblem> {
    let mut values = Vec::new();
    for value in tree.children(attribute, ASSERTION, "AttributeValue") {
        let nested = |n: NodeId| n != value && matches!(tree.local(n), "AttributeValue" | "Attribute");
        if tree.elements(value).next().is_some() && tree.walk(value).any(nested) {
            return missing("an AttributeValue holds another attribute");
        }
        // A value may be an element, such as a NameID in eduPersonTargetedID: its text is the value.
        let text = tree.deep_text(value);
        if !text.is_empty() {
            values.push(text);
        }
    }
    Ok(values)
}
