//! A viewer's trickled candidate.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fanlight::fuzzing::candidate(data);
});

#[cfg(not(fuzzing))]
fn main() {}
