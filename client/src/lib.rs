//! Fanlight`s page.
#![forbid(unsafe_code)]
