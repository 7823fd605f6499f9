//! The whole program from outside, and the pages it draws.

mod gallery;
mod providers;
