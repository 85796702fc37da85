//! What the RTP payloads of each codec say before the frame's own bytes: for whoever puts frames
//! together, cuts them up anew or keeps them in a file.

pub(crate) mod h264;
pub(crate) mod vp8;
pub(crate) mod vp9;
