#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hangtu_fuzz::package(data));
