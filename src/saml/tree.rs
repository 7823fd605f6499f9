//! The only door to the XML parser, and the few ways in which its tree is read.
//!
//! A [`Tree`] exists only for text that passed [`super::scan`]. Names are always compared with their namespace, an
//! attribute is found only when it has none, and the text of an element is *all* of its text: a comment inside a
//! NameID splits nothing and hides nothing.

use bergshamra_xml::uppsala::{self, Document, NodeId, NodeKind};

use super::scan::{Limits, ScanProblem, scan};

/// A parsed document that borrows its text.
pub struct Tree<'a> {
    pub doc: Document<'a>,
    pub root: NodeId,
}

/// Scans and parses; document types and entities are refused twice, by the scan and by the parser.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Tree<'_>, ScanProblem> {
    let text = scan(bytes, limits)?;
    parse_text(text, limits)
}

/// Parses text that [`scan`] has passed.
pub fn parse_text(text: &str, limits: Limits) -> Result<Tree<'_>, ScanProblem> {
    let doc = uppsala::Parser::new()
        .with_max_depth(limits.depth as u32)
        .with_max_entity_expansion(0)
        .with_forbid_dtd(true)
        .with_forbid_entities(true)
        .parse(text)
        .map_err(|_| ScanProblem::NotXml {
            detail: "it is not well-formed",
        })?;
    let root = doc.document_element().ok_or(ScanProblem::NotXml {
        detail: "there is no element in it",
    })?;
    Ok(Tree { doc, root })
}

impl<'a> Tree<'a> {
    /// Whether `node` is the element `{namespace}local`.
    pub fn is(&self, node: NodeId, namespace: &str, local: &str) -> bool {
        self.doc
            .element(node)
            .is_some_and(|e| e.name.matches(Some(namespace), local))
    }

    /// The local name of an element, and nothing for other nodes.
    pub fn local(&self, node: NodeId) -> &str {
        self.doc.element(node).map_or("", |e| &e.name.local_name)
    }

    /// The namespace of an element, empty when it has none.
    pub fn namespace(&self, node: NodeId) -> &str {
        self.doc
            .element(node)
            .and_then(|e| e.name.namespace_uri.as_deref())
            .unwrap_or("")
    }

    /// The value of the attribute `name` that is in no namespace.
    pub fn attribute(&self, node: NodeId, name: &str) -> Option<&str> {
        let element = self.doc.element(node)?;
        let attribute = element
            .attributes
            .iter()
            .find(|a| a.name.namespace_uri.is_none() && a.name.local_name == name)?;
        Some(&attribute.value)
    }

    /// The child elements, in order.
    pub fn elements(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes(node)
            .filter(|child| self.doc.element(*child).is_some())
    }

    /// All child nodes, in order.
    pub fn nodes(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.doc.first_child(node), |child| self.doc.next_sibling(*child))
    }

    /// The child elements `{namespace}local`, in order.
    pub fn children<'s>(
        &'s self,
        node: NodeId,
        namespace: &'s str,
        local: &'s str,
    ) -> impl Iterator<Item = NodeId> + 's {
        self.elements(node)
            .filter(move |child| self.is(*child, namespace, local))
    }

    /// The first child element `{namespace}local`.
    pub fn child(&self, node: NodeId, namespace: &str, local: &str) -> Option<NodeId> {
        self.elements(node)
            .find(|child| self.is(*child, namespace, local))
    }

    /// `node` and everything below it in document order, without recursion.
    pub fn walk(&self, top: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let mut next = Some(top);
        std::iter::from_fn(move || {
            let here = next?;
            next = self.doc.first_child(here).or_else(|| {
                let mut up = here;
                while up != top {
                    if let Some(sibling) = self.doc.next_sibling(up) {
                        return Some(sibling);
                    }
                    up = self.doc.parent(up)?;
                }
                None
            });
            Some(here)
        })
    }

    /// All text directly in `node`, joined and trimmed; nothing when it has a child element.
    pub fn text(&self, node: NodeId) -> Option<String> {
        let mut text = String::new();
        for child in self.nodes(node) {
            match self.doc.node_kind(child) {
                Some(NodeKind::Text(part) | NodeKind::CData(part)) => text.push_str(part),
                Some(NodeKind::Element(_)) => return None,
                _ => {}
            }
        }
        Some(trimmed(text))
    }

    /// All text in `node` and below, joined and trimmed.
    pub fn deep_text(&self, node: NodeId) -> String {
        let mut text = String::new();
        for below in self.walk(node) {
            if let Some(NodeKind::Text(part) | NodeKind::CData(part)) = self.doc.node_kind(below) {
                text.push_str(part);
            }
        }
        trimmed(text)
    }

    /// The text of an element that holds exactly one text node and nothing else, not even a comment.
    pub fn single_text(&self, node: NodeId) -> Option<&str> {
        let first = self.doc.first_child(node)?;
        match self.doc.node_kind(first) {
            Some(NodeKind::Text(text)) if self.doc.next_sibling(first).is_none() => Some(text),
            _ => None,
        }
    }
}

fn trimmed(text: String) -> String {
    // XML white space only: a no-break space is a character of the value.
    let trim = text.trim_matches([' ', '\t', '\n', '\r']);
    if trim.len() == text.len() {
        text
    } else {
        trim.to_owned()
    }
}
