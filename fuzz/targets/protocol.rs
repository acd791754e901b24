//! The target of every decoder: which one is told by the binary's name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hangtu_fuzz::protocol(env!("CARGO_BIN_NAME"), data));
