//! Everything that speaks HTTP and HTML: addresses, pages, forms, headers, connections and the files beside them.
//!
//! Handlers of one page family live in one file; what all pages share lives in the files below.
//! Nothing outside this room names `actix-web` or `askama`.

pub mod assets;
pub mod form;
pub mod headers;
pub mod page;
pub mod peer;
pub mod pieces;
pub mod tls;
pub mod urls;
