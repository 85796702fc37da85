//! Encryption of what comes from a source (RFC 3711, RFC 7714), with keys that both ends are given.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use rtc::crypto::RTCCryptoProvider;
use rtc::srtp::context::Context;
use rtc::srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc::srtp::protection_profile::ProtectionProfile;

/// How far back a packet may come out of order.
const REPLAY_WINDOW: usize = 128;
/// So many senders are known at a time. The one that was heard longest ago makes room.
const MAX_SENDERS: usize = 4;
/// A sender that was silent for so long may have begun anew, with its roll-over counter at zero.
const RESTART: Duration = Duration::from_secs(1);

/// The ciphers, by their names in SDP (RFC 4568 section 6.2, RFC 7714 section 14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SrtpSuite {
    /// AES_CM_128_HMAC_SHA1_80
    AesCm128HmacSha1_80,
    /// AES_CM_128_HMAC_SHA1_32
    AesCm128HmacSha1_32,
    /// AEAD_AES_128_GCM
    AeadAes128Gcm,
    /// AEAD_AES_256_GCM
    AeadAes256Gcm,
}

/// A text that names no [`SrtpSuite`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no SRTP suite: write 80, 32, AEAD_AES_128_GCM or AEAD_AES_256_GCM")]
pub(crate) struct SrtpSuiteError(String);

impl SrtpSuite {
    const ALL: [SrtpSuite; 4] = [
        SrtpSuite::AesCm128HmacSha1_80,
        SrtpSuite::AesCm128HmacSha1_32,
        SrtpSuite::AeadAes128Gcm,
        SrtpSuite::AeadAes256Gcm,
    ];

    fn name(self) -> &'static str {
        match self {
            SrtpSuite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            SrtpSuite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            SrtpSuite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            SrtpSuite::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    fn profile(self) -> ProtectionProfile {
        match self {
            SrtpSuite::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
            SrtpSuite::AesCm128HmacSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
            SrtpSuite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
            SrtpSuite::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        }
    }
}

impl FromStr for SrtpSuite {
    type Err = SrtpSuiteError;

    /// Reads a name as in SDP, or 80 or 32, as Janus has it.
    fn from_str(name: &str) -> Result<SrtpSuite, SrtpSuiteError> {
        match name {
            "80" => Ok(SrtpSuite::AesCm128HmacSha1_80),
            "32" => Ok(SrtpSuite::AesCm128HmacSha1_32),
            name => SrtpSuite::ALL
                .into_iter()
                .find(|suite| suite.name().eq_ignore_ascii_case(name))
                .ok_or_else(|| SrtpSuiteError(name.to_owned())),
        }
    }
}

impl fmt::Display for SrtpSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A master key with its salt, for one suite.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SrtpKey {
    suite: SrtpSuite,
    key: Vec<u8>,
    salt: Vec<u8>,
}

/// A text that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SrtpKeyError {
    #[error("the SRTP key is not written in Base64")]
    Base64,
    #[error("the SRTP key for {suite} has {length} bytes: it takes {wanted}, the salt included")]
    Length {
        suite: SrtpSuite,
        length: usize,
        wanted: usize,
    },
}

impl SrtpKey {
    /// A key as SDP has it: the master key and the master salt behind one another, in Base64
    /// (RFC 4568 section 6.1).
    pub(crate) fn from_base64(suite: SrtpSuite, text: &str) -> Result<SrtpKey, SrtpKeyError> {
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| SrtpKeyError::Base64)?;
        let (key_len, salt_len) = (suite.profile().key_len(), suite.profile().salt_len());
        if bytes.len() != key_len + salt_len {
            return Err(SrtpKeyError::Length {
                suite,
                length: bytes.len(),
                wanted: key_len + salt_len,
            });
        }
        let (key, salt) = bytes.split_at(key_len);
        Ok(SrtpKey {
            suite,
            key: key.to_vec(),
            salt: salt.to_vec(),
        })
    }
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SrtpKey")
            .field("suite", &self.suite)
            .finish_non_exhaustive()
    }
}

/// Keys that did not work, or a packet that was not protected with them.
#[derive(Debug, thiserror::Error)]
#[error("SRTP: {0}")]
pub(crate) struct SrtpError(#[from] rtc::shared::error::Error);

/// Opens the packets of one medium and closes those that go back.
///
/// The crate keeps something for every SSRC that it sees, also of packets that turn out to be
/// forged. Here each SSRC has a context of its own, and only one that proved its key stays.
pub(super) struct Srtp {
    key: SrtpKey,
    crypto: Arc<dyn RTCCryptoProvider>,
    rtp: Vec<Sender>,
    rtcp: Vec<Sender>,
    outbound: Context,
}

struct Sender {
    ssrc: u32,
    context: Context,
    heard: Instant,
}

impl Srtp {
    pub(super) fn new(key: &SrtpKey) -> Result<Srtp, SrtpError> {
        let crypto = rtc::crypto::default_provider()
            .map_err(|error| rtc::shared::error::Error::Crypto(error.to_string()))?;
        Ok(Srtp {
            outbound: context(key, crypto.as_ref())?,
            key: key.clone(),
            crypto,
            rtp: Vec::new(),
            rtcp: Vec::new(),
        })
    }

    /// Opens an RTP packet.
    pub(super) fn open_rtp(&mut self, now: Instant, packet: &[u8]) -> Result<Bytes, SrtpError> {
        let ssrc = ssrc_at(packet, 8)?;
        let (key, crypto) = (&self.key, self.crypto.as_ref());
        open(&mut self.rtp, key, crypto, now, ssrc, |context| {
            context.decrypt_rtp(packet)
        })
    }

    /// Opens an RTCP packet.
    pub(super) fn open_rtcp(&mut self, now: Instant, packet: &[u8]) -> Result<Bytes, SrtpError> {
        let ssrc = ssrc_at(packet, 4)?;
        let (key, crypto) = (&self.key, self.crypto.as_ref());
        open(&mut self.rtcp, key, crypto, now, ssrc, |context| {
            context.decrypt_rtcp(packet)
        })
    }

    /// Protects an RTCP packet of ours.
    pub(super) fn protect_rtcp(&mut self, packet: &[u8]) -> Result<Bytes, SrtpError> {
        Ok(self.outbound.encrypt_rtcp(packet)?.freeze())
    }
}

fn open(
    senders: &mut Vec<Sender>,
    key: &SrtpKey,
    crypto: &dyn RTCCryptoProvider,
    now: Instant,
    ssrc: u32,
    decrypt: impl Fn(&mut Context) -> Result<BytesMut, rtc::shared::error::Error>,
) -> Result<Bytes, SrtpError> {
    let known = senders.iter().position(|sender| sender.ssrc == ssrc);
    if let Some(sender) = known.and_then(|index| senders.get_mut(index)) {
        match decrypt(&mut sender.context) {
            Ok(packet) => {
                sender.heard = now;
                return Ok(packet.freeze());
            }
            Err(error) if now.saturating_duration_since(sender.heard) < RESTART => {
                return Err(error.into());
            }
            Err(_) => {}
        }
    }
    let mut fresh = context(key, crypto)?;
    let packet = decrypt(&mut fresh)?;
    senders.retain(|sender| sender.ssrc != ssrc);
    if senders.len() >= MAX_SENDERS {
        senders.sort_by_key(|sender| sender.heard);
        senders.remove(0);
    }
    senders.push(Sender {
        ssrc,
        context: fresh,
        heard: now,
    });
    Ok(packet.freeze())
}

fn context(key: &SrtpKey, crypto: &dyn RTCCryptoProvider) -> Result<Context, SrtpError> {
    let (rtp, rtcp) = (
        srtp_replay_protection(REPLAY_WINDOW),
        srtcp_replay_protection(REPLAY_WINDOW),
    );
    Ok(Context::new(
        &key.key,
        &key.salt,
        key.suite.profile(),
        Some(rtp),
        Some(rtcp),
        crypto.crypto(),
    )?)
}

fn ssrc_at(packet: &[u8], offset: usize) -> Result<u32, SrtpError> {
    let bytes = packet
        .get(offset..offset + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(rtc::shared::error::Error::ErrTooShortRtp)?;
    Ok(u32::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Rtp;
    use super::*;

    const PROTECTED: &[u8] = &[1, 2, 3, 4, 5];

    fn key(suite: SrtpSuite) -> SrtpKey {
        let profile = suite.profile();
        let length = profile.key_len() + profile.salt_len();
        let bytes: Vec<u8> = (0..length as u8).collect();
        SrtpKey::from_base64(suite, &STANDARD.encode(bytes)).unwrap()
    }

    /// A sender of protected packets.
    struct Encoder {
        context: Context,
        header: Rtp,
    }

    impl Encoder {
        fn new(key: &SrtpKey, ssrc: u32) -> Encoder {
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
            let closed = self.context.encrypt_rtp(&plain).unwrap();
            (plain, closed.freeze())
        }
    }

    #[test]
    fn what_a_sender_protects_is_opened_in_every_suite_across_the_roll_over() {
        for suite in SrtpSuite::ALL {
            let key = key(suite);
            let now = Instant::now();
            let (mut encoder, mut srtp) = (Encoder::new(&key, 1), Srtp::new(&key).unwrap());
            for _ in 0..100 {
                let (plain, closed) = encoder.packet();
                assert_eq!(srtp.open_rtp(now, &closed).unwrap(), plain, "{suite}");
            }
            let report = super::super::rtcp::report(7, None, Some(1)).unwrap();
            let closed = encoder.context.encrypt_rtcp(&report).unwrap();
            assert_eq!(srtp.open_rtcp(now, &closed).unwrap(), report, "{suite}");
            assert_ne!(srtp.protect_rtcp(&report).unwrap(), report, "{suite}");
        }
    }

    #[test]
    fn what_is_forged_or_repeated_is_refused() {
        let key = key(SrtpSuite::AeadAes128Gcm);
        let now = Instant::now();
        let (mut encoder, mut srtp) = (Encoder::new(&key, 1), Srtp::new(&key).unwrap());
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
        let mut srtp = Srtp::new(&key).unwrap();
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
    fn only_a_few_senders_are_remembered() {
        let key = key(SrtpSuite::AesCm128HmacSha1_32);
        let now = Instant::now();
        let mut srtp = Srtp::new(&key).unwrap();
        for ssrc in 0..100 {
            let (_, closed) = Encoder::new(&key, ssrc).packet();
            srtp.open_rtp(now, &closed).unwrap();
        }
        assert_eq!(srtp.rtp.len(), MAX_SENDERS);
    }

    #[test]
    fn suites_and_keys_are_read_and_never_shown() {
        assert_eq!("80".parse(), Ok(SrtpSuite::AesCm128HmacSha1_80));
        assert_eq!("32".parse(), Ok(SrtpSuite::AesCm128HmacSha1_32));
        for suite in SrtpSuite::ALL {
            assert_eq!(suite.to_string().parse(), Ok(suite));
        }
        assert!("81".parse::<SrtpSuite>().is_err());
        let read = |text| SrtpKey::from_base64(SrtpSuite::AesCm128HmacSha1_80, text);
        let text = "WbTBosdVUZqEb6Htqhn+m3z7wUh4RJVR8nE15GbN";
        assert!(read(text).is_ok());
        assert_eq!(read("?").unwrap_err(), SrtpKeyError::Base64);
        assert_eq!(
            read("AAAA").unwrap_err().to_string(),
            "the SRTP key for AES_CM_128_HMAC_SHA1_80 has 3 bytes: it takes 30, the salt included"
        );
        assert_eq!(
            format!("{:?}", read(text).unwrap()),
            "SrtpKey { suite: AesCm128HmacSha1_80, .. }"
        );
    }
}
