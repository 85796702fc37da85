//! What came of the packets of a medium.

use std::fmt;

/// Totals since the source was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RtpStats {
    /// Packets that were taken, and the bytes of their payloads.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Packets that never came.
    pub(crate) lost: u64,
    /// Packets that came twice or too late.
    pub(crate) late: u64,
    /// Datagrams that are no RTP, or cannot be opened with the key.
    pub(crate) malformed: u64,
    /// Packets of another payload type than the medium's.
    pub(crate) wrong_type: u64,
    /// Packets of another sender while the first is alive.
    pub(crate) collided: u64,
    /// Frames that were handed on, and how many of them were key frames.
    pub(crate) frames: u64,
    pub(crate) key_frames: u64,
    /// Frames that were left out because a part is missing or makes no sense.
    pub(crate) damaged: u64,
    /// How often another sender took over, or the sender began anew.
    pub(crate) restarts: u64,
    /// How often the sender was asked for a key frame.
    pub(crate) key_frame_requests: u64,
}

impl fmt::Display for RtpStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RtpStats {
            packets,
            bytes,
            lost,
            late,
            malformed,
            wrong_type,
            collided,
            frames,
            key_frames,
            damaged,
            restarts,
            key_frame_requests,
        } = self;
        write!(
            f,
            "{packets} packets of {bytes} bytes, {lost} lost, {late} late or twice; ignored \
             {malformed} malformed, {wrong_type} of another payload type, {collided} of another \
             sender; {frames} frames, {key_frames} of them key frames, {damaged} damaged; \
             {restarts} restarts, {key_frame_requests} key frames asked for"
        )
    }
}
