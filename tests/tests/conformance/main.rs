//! The real Janus and Fanlight, held against the same recorded conversations.

mod janus;
mod rig;
mod suite;
