//! What is sent to an RTP source.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fanlight::fuzzing::rtp_in(data);
});

#[cfg(not(fuzzing))]
fn main() {}
