//! The server through HTTP. One program, as each holds the whole server (240 MB).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod answer;
mod audit;
mod drill;
mod examine;
mod exchange;
// Which `cargo xtask history` asks for by this name.
#[cfg(feature = "history")]
mod history;
#[path = "../kit/mod.rs"]
mod kit;
mod oidc;
mod operate;
mod passkey;
mod report;
mod routes;
mod sign_in;
mod steer;
mod submit;
mod supervise;
mod tls;
mod train;
