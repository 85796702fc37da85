//! What a user's trust rests on, tried out on the real server: one file for each behaviour.
//!
//! All of them are one program: they share what takes longest to link.

mod bad_ingest;
mod bad_input;
mod camera;
mod coming_and_going;
mod floods;
mod idle_sessions;
mod janus_js;
mod mountpoints;
mod native_viewer;
mod no_picture;
mod page_and_janus;
mod page_and_mountpoints;
mod picture;
mod refusals;
mod reload;
mod restart;
mod vanishing;
mod watching_again;
