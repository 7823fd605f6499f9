//! The log of requests: secrets and passwords out, everything else kept for as long as the connection says.

/// Rows that wait to be written together: those of requests that changed nothing.
#[derive(Default)]
pub struct Buffer {}
