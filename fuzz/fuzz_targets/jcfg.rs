//! A configuration file of Janus.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fanlight::fuzzing::jcfg(data);
});

#[cfg(not(fuzzing))]
fn main() {}
