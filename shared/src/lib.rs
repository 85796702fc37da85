//! What a Fanlight server and its viewers say to each other.
#![forbid(unsafe_code)]
