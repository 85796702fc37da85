//! A viewer's session description.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fanlight::fuzzing::answer(data);
});

#[cfg(not(fuzzing))]
fn main() {}
