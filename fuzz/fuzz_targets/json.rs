//! Janus messages of either side, and what plugins are asked in them.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fanlight::fuzzing::json(data);
});

#[cfg(not(fuzzing))]
fn main() {}
