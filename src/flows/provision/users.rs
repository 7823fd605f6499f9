//! Users: create, read, list, replace, patch, delete (RFC 7644 §3.3 to §3.6).
