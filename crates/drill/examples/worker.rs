//! The worker alone: the program whose imports `tests/imports.rs` reads, and the worker of the
//! other tests.

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    hangtu_drill::simulate::worker::main(&arguments).into()
}
