//! A migration that was added is a change of the program, which Cargo does not see by itself.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
