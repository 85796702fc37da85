//! Which payload types are taken.

/// Comfort noise (RFC 3389) fills the pauses of a medium and is none itself.
const COMFORT_NOISE: u8 = 13;
/// What RTCP looks like that comes to a port for RTP (RFC 5761 section 4).
const RTCP: std::ops::RangeInclusive<u8> = 72..=76;

/// The payload type that the sender of a medium uses. A value without a clock.
///
/// Janus passes everything on under the number that it was told, so senders that use another are
/// common: FFmpeg chooses one by itself. What a sender uses is therefore followed. Several at once
/// are not: beside the medium there may be retransmissions, redundancy or dialled digits.
#[derive(Debug)]
pub(super) struct PayloadTypes {
    configured: u8,
    used: Option<u8>,
    /// Those that somebody was told of, one bit each.
    told: u128,
}

impl PayloadTypes {
    /// Nothing has come yet.
    pub(super) fn new(configured: u8) -> PayloadTypes {
        PayloadTypes {
            configured,
            used: None,
            told: 0,
        }
    }

    /// Whether a packet of this type belongs to the medium. `is_alive`: the sender that was taken
    /// last still sends.
    pub(super) fn admits(&self, payload_type: u8, is_alive: bool) -> bool {
        let is_none = payload_type == COMFORT_NOISE || RTCP.contains(&payload_type);
        let is_used = self.used == Some(payload_type);
        payload_type == self.configured || !is_none && (is_used || !is_alive)
    }

    /// A packet of this type is taken. True if people should be told that it is another than the
    /// configured one: the first time.
    pub(super) fn take(&mut self, payload_type: u8) -> bool {
        self.used = Some(payload_type);
        let bit = 1 << (payload_type & 0x7f);
        let is_news = payload_type != self.configured && self.told & bit == 0;
        self.told |= bit;
        is_news
    }

    /// The one that was expected.
    pub(super) fn configured(&self) -> u8 {
        self.configured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_type_that_a_sender_uses_is_the_mediums_while_it_sends() {
        let mut types = PayloadTypes::new(111);
        assert!(types.admits(97, false));
        types.take(97);
        assert!(types.admits(97, true) && !types.admits(98, true));
        assert!(types.admits(98, false));
    }

    #[test]
    fn the_configured_type_needs_no_silence() {
        let mut types = PayloadTypes::new(111);
        types.take(97);
        assert!(types.admits(111, true));
        types.take(111);
        assert!(!types.admits(97, true));
    }

    #[test]
    fn comfort_noise_and_rtcp_are_no_medium_unless_they_are_asked_for() {
        let types = PayloadTypes::new(96);
        for none in [13, 72, 73, 76] {
            assert!(!types.admits(none, false), "{none}");
            assert!(PayloadTypes::new(none).admits(none, false));
        }
    }

    #[test]
    fn each_unexpected_type_is_news_once() {
        let mut types = PayloadTypes::new(96);
        let news = [96, 97, 97, 127, 97, 0, 0, 127].map(|it| types.take(it));
        assert_eq!(news, [false, true, false, true, false, true, false, false]);
    }
}
