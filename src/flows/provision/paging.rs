//! Pages that fit together while rows come and go: by `startIndex`, remembered, and by cursor (RFC 9865).

/// Which page of a list comes after which row.
#[derive(Default)]
pub struct Pages {}
