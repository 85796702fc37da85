use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::rtcp;
use super::super::testing::Rtp;
use super::*;

const PROTECTED: &[u8] = &[1, 2, 3, 4, 5];

pub(in super::super) fn key(suite: SrtpSuite) -> SrtpKey {
    let profile = suite.profile();
    let length = profile.key_len() + profile.salt_len();
    let bytes: Vec<u8> = (0..length as u8).collect();
    SrtpKey::from_base64(suite, &STANDARD.encode(bytes)).unwrap()
}

/// A sender of protected packets.
pub(in super::super) struct Encoder {
    context: Context,
    header: Rtp,
}

impl Encoder {
    pub(in super::super) fn new(key: &SrtpKey, ssrc: u32) -> Encoder {
        let crypto = rtc::crypto::default_provider().unwrap();
        Encoder {
            context: context(key, crypto.as_ref()).unwrap(),
            header: Rtp {
                ssrc,
                sequence: 65_500,
                ..Rtp::default()
            },
        }
    }

    fn packet(&mut self) -> (Bytes, Bytes) {
        self.header.sequence = self.header.sequence.wrapping_add(1);
        let plain = self.header.with(PROTECTED);
        let closed = self.protect(&plain);
        (plain, closed)
    }

    pub(in super::super) fn protect(&mut self, plain: &[u8]) -> Bytes {
        self.context.encrypt_rtp(plain).unwrap().freeze()
    }
}

/// What is in an RTCP packet that was protected with this key.
pub(in super::super) fn open_rtcp(key: &SrtpKey, packet: &[u8]) -> Bytes {
    let crypto = rtc::crypto::default_provider().unwrap();
    let mut context = context(key, crypto.as_ref()).unwrap();
    context.decrypt_rtcp(packet).unwrap().freeze()
}

#[test]
fn what_a_sender_protects_is_opened_in_every_suite_across_the_roll_over() {
    for suite in SrtpSuite::ALL {
        let key = key(suite);
        let now = Instant::now();
        let (mut encoder, mut srtp) = (Encoder::new(&key, 1), Srtp::new("test/v", &key).unwrap());
        for _ in 0..100 {
            let (plain, closed) = encoder.packet();
            assert_eq!(srtp.open_rtp(now, &closed).unwrap(), plain, "{suite}");
        }
        let report = rtcp::report(7, None, Some(1)).unwrap();
        let closed = encoder.context.encrypt_rtcp(&report).unwrap();
        assert_eq!(srtp.open_rtcp(now, &closed).unwrap(), report, "{suite}");
        let closed = srtp.protect_rtcp(&report).unwrap();
        assert_eq!(open_rtcp(&key, &closed), report, "{suite}");
    }
}

#[test]
fn what_is_forged_or_repeated_is_refused() {
    let key = key(SrtpSuite::AeadAes128Gcm);
    let now = Instant::now();
    let (mut encoder, mut srtp) = (Encoder::new(&key, 1), Srtp::new("test/v", &key).unwrap());
    let (_, closed) = encoder.packet();
    for index in 0..closed.len() {
        let mut bent = closed.to_vec();
        bent[index] ^= 1;
        assert!(srtp.open_rtp(now, &bent).is_err(), "{index}");
        assert!(srtp.open_rtp(now, &closed[..index]).is_err(), "{index}");
    }
    assert!(srtp.rtp.is_empty());
    assert!(srtp.open_rtp(now, &closed).is_ok());
    assert!(srtp.open_rtp(now, &closed).is_err());
}

#[test]
fn a_sender_that_begins_anew_is_understood_after_a_silence() {
    let key = key(SrtpSuite::AesCm128HmacSha1_80);
    let mut now = Instant::now();
    let mut srtp = Srtp::new("test/v", &key).unwrap();
    let mut old = Encoder::new(&key, 1);
    // Over the roll-over, where a fresh sender's packets cannot be opened.
    for _ in 0..100 {
        srtp.open_rtp(now, &old.packet().1).unwrap();
    }
    let mut anew = Encoder::new(&key, 1);
    assert!(srtp.open_rtp(now, &anew.packet().1).is_err());
    now += RESTART;
    assert!(srtp.open_rtp(now, &anew.packet().1).is_ok());
    assert_eq!(srtp.rtp.len(), 1);
}

#[test]
fn who_replays_how_a_sender_began_does_not_take_its_place() {
    let key = key(SrtpSuite::AeadAes128Gcm);
    let mut now = Instant::now();
    let mut srtp = Srtp::new("test/v", &key).unwrap();
    let mut encoder = Encoder::new(&key, 1);
    let sent: Vec<Bytes> = (0..100).map(|_| encoder.packet().1).collect();
    for packet in &sent {
        srtp.open_rtp(now, packet).unwrap();
    }
    for _ in 0..2 {
        now += RESTART;
        for packet in &sent[..30] {
            srtp.open_rtp(now, packet).unwrap();
        }
        assert!(srtp.open_rtp(now, &encoder.packet().1).is_ok());
        assert!(srtp.open_rtp(now, &sent[30]).is_err());
    }
}

#[test]
fn a_sender_that_began_anew_and_rolled_over_is_not_replaced_either() {
    let key = key(SrtpSuite::AeadAes128Gcm);
    let mut now = Instant::now();
    let mut srtp = Srtp::new("test/v", &key).unwrap();
    let mut old = Encoder::new(&key, 1);
    // So far that nothing of the other is taken for something of this one.
    for n in 0..2 * ROLL_OVER {
        let (_, packet) = old.packet();
        if n % 1_000 == 0 {
            srtp.open_rtp(now, &packet).unwrap();
        }
    }
    now += RESTART;
    let mut anew = Encoder::new(&key, 1);
    let first = anew.packet().1;
    srtp.open_rtp(now, &first).unwrap();
    for _ in 0..ROLL_OVER {
        srtp.open_rtp(now, &anew.packet().1).unwrap();
    }
    now += RESTART;
    srtp.open_rtp(now, &first).unwrap();
    assert!(srtp.open_rtp(now, &anew.packet().1).is_ok());
}

#[test]
fn people_are_told_once_when_nothing_is_understood() {
    let key = key(SrtpSuite::AeadAes128Gcm);
    let start = Instant::now();
    let mut srtp = Srtp::new("test/v", &key).unwrap();
    let mut encoder = Encoder::new(&key, 1);
    srtp.open_rtp(start, &encoder.packet().1).unwrap();
    // More than a receiver can follow never comes.
    for _ in 0..100_000 {
        encoder.packet();
    }
    let mut fail = |ms| {
        let now = start + Duration::from_millis(ms);
        assert!(srtp.open_rtp(now, &encoder.packet().1).is_err());
        srtp.failure.is_told
    };
    assert_eq!([10, 1_009, 1_010].map(&mut fail), [false, false, true]);

    let mut failure = Failure::default();
    let told = [0, 999, 1_000, 1_001].map(|ms| failure.is_news(start + Duration::from_millis(ms)));
    assert_eq!(told, [false, false, true, false]);
}

#[test]
fn only_a_few_senders_are_remembered() {
    let key = key(SrtpSuite::AesCm128HmacSha1_32);
    let now = Instant::now();
    let mut srtp = Srtp::new("test/v", &key).unwrap();
    for ssrc in 0..100 {
        let (_, closed) = Encoder::new(&key, ssrc).packet();
        srtp.open_rtp(now, &closed).unwrap();
    }
    assert_eq!(srtp.rtp.len(), MAX_SENDERS);
}
