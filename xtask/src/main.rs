//! Fanlight`s own commands.
fn main() {}
