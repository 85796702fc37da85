//! Encryption of what goes to one viewer and decryption of what it says (RFC 3711, RFC 7714).
use rtc::{
    crypto::{RTCCryptoProvider, SecretVec},
    rtp::Header,
    shared::error::Error,
    srtp::{
        config::{Config, LABEL_EXTRACTOR_DTLS_SRTP},
        context::Context,
        option::srtcp_replay_protection,
    },
};
use std::sync::Arc;
use thiserror::Error as ThisError;

pub(super) use rtc::srtp::protection_profile::ProtectionProfile as Profile;

/// How far back an SRTCP packet may arrive out of order.
const REPLAY_WINDOW: usize = 64;

/// A viewer reports from one source, or from one for each medium.
const MAX_SOURCES: usize = 32;

/// So many packets of sources that have proven nothing are tried before all of them are forgotten.
const MAX_GUESSES: usize = 64;

/// Keys that did not work, or a packet that was not protected with them.
#[derive(Debug, ThisError)]
#[error("SRTP: {0}")]
pub(super) struct SrtpError(#[from] Error);

/// Both directions of one SRTP session.
pub(super) struct Srtp {
    outbound: Context,
    inbound: Inbound,
}

/// Opens what a viewer sends. The crate remembers each source that it meets, proven or not, so
/// that packets with made-up ones would take memory without end.
struct Inbound {
    /// The sources that have proven to be the viewer's, and their context.
    sources: Vec<u32>,
    context: Context,
    /// For all others, made anew from time to time.
    strangers: Context,
    guesses: usize,
    fresh: Box<dyn Fn() -> Result<Context, Error> + Send>,
}

impl Srtp {
    /// A session with the keys that a DTLS handshake `export`s (RFC 5764 section 4.2).
    pub(super) fn new(
        profile: Profile,
        is_client: bool,
        export: impl FnOnce(&str, usize) -> Result<SecretVec, Error>,
        crypto: &Arc<dyn RTCCryptoProvider>,
    ) -> Result<Self, SrtpError> {
        let mut config = Config {
            profile,
            ..Config::default()
        };
        let material = export(LABEL_EXTRACTOR_DTLS_SRTP, config.keying_material_len())?;
        config.set_session_keys_from_keying_material(material.as_ref(), is_client)?;
        let keys = &config.keys;
        let (key, salt) = (&keys.local_master_key, &keys.local_master_salt);
        let outbound = Context::new(key, salt, profile, None, None, crypto.crypto())?;
        let crypto = Arc::clone(crypto);
        let fresh = move || {
            let (key, salt) = (
                &config.keys.remote_master_key,
                &config.keys.remote_master_salt,
            );
            let replay = Some(srtcp_replay_protection(REPLAY_WINDOW));
            Context::new(key, salt, profile, None, replay, crypto.crypto())
        };
        let inbound = Inbound {
            sources: Vec::new(),
            context: fresh()?,
            strangers: fresh()?,
            guesses: 0,
            fresh: Box::new(fresh),
        };
        Ok(Self { outbound, inbound })
    }

    /// Protects the RTP packet that begins at `start` and ends with the buffer: what comes back
    /// takes its place.
    pub(super) fn protect_rtp(
        &mut self,
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), SrtpError> {
        let plain = buffer.get(start..).unwrap_or_default();
        let protected = match plain_header(plain) {
            Some(header) => self.outbound.encrypt_rtp_with_header(plain, &header)?,
            None => self.outbound.encrypt_rtp(plain)?,
        };
        buffer.truncate(start);
        buffer.extend_from_slice(&protected);
        Ok(())
    }

    /// Protects an RTCP packet.
    pub(super) fn protect_rtcp(&mut self, packet: &[u8]) -> Result<impl AsRef<[u8]>, SrtpError> {
        Ok(self.outbound.encrypt_rtcp(packet)?)
    }

    /// Opens an SRTCP packet of the viewer's.
    pub(super) fn open_rtcp(&mut self, packet: &[u8]) -> Result<bytes::BytesMut, SrtpError> {
        Ok(self.inbound.open_rtcp(packet)?)
    }
}

impl Inbound {
    fn open_rtcp(&mut self, packet: &[u8]) -> Result<bytes::BytesMut, Error> {
        let source = packet.get(4..8).and_then(|source| source.try_into().ok());
        let source = u32::from_be_bytes(source.ok_or(Error::ErrTooShortRtcp)?);
        if self.sources.contains(&source) {
            return self.context.decrypt_rtcp(packet);
        }
        self.guesses += 1;
        if self.guesses > MAX_GUESSES {
            self.guesses = 0;
            self.strangers = (self.fresh)()?;
        }
        let opened = self.strangers.decrypt_rtcp(packet)?;
        if self.sources.len() < MAX_SOURCES {
            self.sources.push(source);
        }
        Ok(opened)
    }
}

/// What the cipher needs of a header without extensions, as most are; others take parsing.
fn plain_header(packet: &[u8]) -> Option<Header> {
    const VERSION_2: u8 = 0x80;
    match packet {
        [VERSION_2, _, s, q, _, _, _, _, a, b, c, d, ..] => Some(Header {
            version: 2,
            sequence_number: u16::from_be_bytes([*s, *q]),
            ssrc: u32::from_be_bytes([*a, *b, *c, *d]),
            ..Header::default()
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::testing::{KEYS, srtp_pair};

    #[test]
    fn made_up_sources_are_forgotten_and_the_viewers_is_not() {
        let (mut srtp, _) = srtp_pair();
        let crypto = rtc::crypto::default_provider().unwrap();
        let (key, salt) = (&KEYS[..16], &KEYS[32..44]);
        let viewer = Context::new(
            key,
            salt,
            Profile::AeadAes128Gcm,
            None,
            None,
            crypto.crypto(),
        );
        let mut viewer = viewer.unwrap();
        let report = |source: u32| [&[0x80, 201, 0, 1], &source.to_be_bytes()[..]].concat();
        let mut sealed = |source| viewer.encrypt_rtcp(&report(source)).unwrap();
        let [first, second] = [sealed(7), sealed(7)];
        assert_eq!(*srtp.open_rtcp(&first).unwrap(), report(7));
        for source in 100..100 + 3 * MAX_GUESSES as u32 {
            let mut forged = sealed(source);
            forged[9] ^= 1;
            assert!(srtp.open_rtcp(&forged).is_err());
        }
        assert!(srtp.inbound.guesses <= MAX_GUESSES);
        assert_eq!(*srtp.open_rtcp(&second).unwrap(), report(7));
        assert!(srtp.open_rtcp(&second).is_err(), "a repetition");
        assert_eq!(*srtp.open_rtcp(&sealed(8)).unwrap(), report(8));
    }
}
