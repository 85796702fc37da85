//! The real Janus and Fanlight, held against the same recorded conversations.

mod curl;
mod fanlight;
mod janus;
mod rig;
mod suite;
