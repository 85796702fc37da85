//! Fanlight: a camera or an HDMI capture device as a picture in a browser.
mod encode;
mod janus;
mod peer;
mod picture;
mod source;
mod stream;
mod web;

fn main() {}
