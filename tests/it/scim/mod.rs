//! Provisioning: the pure room by itself, and as identity providers see it, over real sockets.

mod access;
mod generate;
mod protocol;
