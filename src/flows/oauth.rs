//! OAuth 2.0 for SCIM clients: authorization code with PKCE, refresh rotation, client credentials (RFC 6749, 7636, 9700).
