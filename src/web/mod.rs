//! Everything that speaks HTTP and HTML: addresses, pages, forms, headers, connections and the files beside them.
//!
//! [`routes`] lists every address and who may use it; [`gate`] lets people in; handlers of one page family
//! live in one file under `member` or `admin`; what all pages share lives in the files below.
//! Nothing outside this room names `actix-web` or `askama`.

pub mod admin;
pub mod assets;
pub mod body;
pub mod cookies;
pub mod fail;
pub mod flash;
pub mod form;
pub mod gate;
pub mod headers;
pub mod health;
pub mod member;
pub mod oauth;
pub mod page;
pub mod peer;
pub mod pieces;
pub mod reauth;
pub mod routes;
pub mod scim;
pub mod server;
pub mod tls;
pub mod upload;
pub mod urls;
