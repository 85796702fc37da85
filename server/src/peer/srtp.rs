//! Encryption of what goes to one viewer and decryption of what it says (RFC 3711, RFC 7714).
use rtc::{
    crypto::{RTCCrypto, SecretVec},
    rtp::Header,
    shared::error::Error,
    srtp::{
        config::{Config, LABEL_EXTRACTOR_DTLS_SRTP},
        context::Context,
        option::srtcp_replay_protection,
    },
};
use thiserror::Error as ThisError;

pub(super) use rtc::srtp::protection_profile::ProtectionProfile as Profile;

/// How far back an SRTCP packet may arrive out of order.
const REPLAY_WINDOW: usize = 64;

/// Keys that did not work, or a packet that was not protected with them.
#[derive(Debug, ThisError)]
#[error("SRTP: {0}")]
pub(super) struct SrtpError(#[from] Error);

/// Both directions of one SRTP session.
pub(super) struct Srtp {
    outbound: Context,
    inbound: Context,
}

impl Srtp {
    /// A session with the keys that a DTLS handshake `export`s (RFC 5764 section 4.2).
    pub(super) fn new(
        profile: Profile,
        is_client: bool,
        export: impl FnOnce(&str, usize) -> Result<SecretVec, Error>,
        crypto: &dyn RTCCrypto,
    ) -> Result<Self, SrtpError> {
        let mut config = Config {
            profile,
            ..Config::default()
        };
        let material = export(LABEL_EXTRACTOR_DTLS_SRTP, config.keying_material_len())?;
        config.set_session_keys_from_keying_material(material.as_ref(), is_client)?;
        let keys = &config.keys;
        let (key, salt) = (&keys.local_master_key, &keys.local_master_salt);
        let outbound = Context::new(key, salt, profile, None, None, crypto)?;
        let (key, salt) = (&keys.remote_master_key, &keys.remote_master_salt);
        let replay = Some(srtcp_replay_protection(REPLAY_WINDOW));
        let inbound = Context::new(key, salt, profile, None, replay, crypto)?;
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
        Ok(self.inbound.decrypt_rtcp(packet)?)
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
