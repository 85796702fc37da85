//! Encryption of what comes from a source (RFC 3711, RFC 7714), with keys that both ends are given.

mod key;
#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc::crypto::RTCCryptoProvider;
use rtc::srtp::context::Context;
use rtc::srtp::option::{srtcp_replay_protection, srtp_replay_protection};

pub(crate) use key::{SrtpKey, SrtpSuite};

/// How far back a packet may come out of order.
const REPLAY_WINDOW: usize = 128;
/// So many senders are known at a time. The one that was heard longest ago makes room.
const MAX_SENDERS: usize = 4;
/// A sender that was silent for so long may have begun anew, with its roll-over counter at zero.
const RESTART: Duration = Duration::from_secs(1);
/// A sender that has sent so many packets has rolled over, and its roll-over counter is not zero any
/// more.
const ROLL_OVER: u32 = 1 << 16;
/// When nothing was understood for so long, people are told.
const PATIENCE: Duration = Duration::from_secs(1);

/// Keys that did not work, or a packet that was not protected with them.
#[derive(Debug, thiserror::Error)]
#[error("SRTP: {0}")]
pub(crate) struct SrtpError(#[from] rtc::shared::error::Error);

/// Opens the packets of one medium and closes those that go back.
///
/// The crate keeps something for every SSRC that it sees, also of packets that turn out to be
/// forged. Here each SSRC has a context of its own, and only one that proved its key stays.
pub(super) struct Srtp {
    /// The medium's, for logs.
    name: String,
    key: SrtpKey,
    crypto: Arc<dyn RTCCryptoProvider>,
    rtp: Vec<Sender>,
    rtcp: Vec<Sender>,
    failure: Failure,
    outbound: Context,
}

struct Sender {
    ssrc: u32,
    /// The one that was first, or that has outlasted a roll-over, as a replay seldom does.
    context: Context,
    /// The one of a sender that begins anew, or of somebody who replays how the other began.
    anew: Option<Anew>,
    heard: Instant,
}

struct Anew {
    context: Context,
    opened: u32,
}

/// How long nothing could be opened.
#[derive(Debug, Default)]
struct Failure {
    since: Option<Instant>,
    is_told: bool,
}

impl Srtp {
    /// Knows no sender yet. `name` is the medium's.
    pub(super) fn new(name: &str, key: &SrtpKey) -> Result<Srtp, SrtpError> {
        let crypto = rtc::crypto::default_provider()
            .map_err(|error| rtc::shared::error::Error::Crypto(error.to_string()))?;
        Ok(Srtp {
            name: name.to_owned(),
            outbound: context(key, crypto.as_ref())?,
            key: key.clone(),
            crypto,
            rtp: Vec::new(),
            rtcp: Vec::new(),
            failure: Failure::default(),
        })
    }

    /// Opens an RTP packet.
    pub(super) fn open_rtp(&mut self, now: Instant, packet: &[u8]) -> Result<Bytes, SrtpError> {
        let ssrc = ssrc_at(packet, 8)?;
        let (key, crypto) = (&self.key, self.crypto.as_ref());
        let opened = open(&mut self.rtp, key, crypto, now, ssrc, |context| {
            context.decrypt_rtp(packet)
        });
        match &opened {
            Ok(_) => self.failure = Failure::default(),
            Err(error) if self.failure.is_news(now) => tracing::warn!(
                medium = self.name,
                "nothing that comes can be decrypted, {error}: the key is another, or the sender \
                 has sent more than 32768 packets that never came, and has to begin anew"
            ),
            Err(_) => {}
        }
        opened
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

impl Sender {
    /// Opens a packet with a context that is known.
    fn open(
        &mut self,
        now: Instant,
        decrypt: impl Fn(&mut Context) -> Result<BytesMut, rtc::shared::error::Error>,
    ) -> Result<BytesMut, rtc::shared::error::Error> {
        let opened = decrypt(&mut self.context);
        if opened.is_ok() {
            // The sender is there, and has not begun anew.
            self.anew = None;
            self.heard = now;
            return opened;
        }
        let Some(anew) = &mut self.anew else {
            return opened;
        };
        let opened = decrypt(&mut anew.context);
        if opened.is_ok() {
            self.heard = now;
            anew.opened += 1;
            if anew.opened >= ROLL_OVER
                && let Some(anew) = self.anew.take()
            {
                self.context = anew.context;
            }
        }
        opened
    }
}

impl Failure {
    /// Something could not be opened. True if people should be told: once, until something can be.
    fn is_news(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        let is_news = !self.is_told && now.saturating_duration_since(since) >= PATIENCE;
        self.is_told |= is_news;
        is_news
    }
}

/// Opens a packet of `ssrc` with the context of its sender, or with a fresh one: of a sender that is
/// not known, or that may have begun anew.
fn open(
    senders: &mut Vec<Sender>,
    key: &SrtpKey,
    crypto: &dyn RTCCryptoProvider,
    now: Instant,
    ssrc: u32,
    decrypt: impl Fn(&mut Context) -> Result<BytesMut, rtc::shared::error::Error>,
) -> Result<Bytes, SrtpError> {
    let known = senders.iter_mut().find(|sender| sender.ssrc == ssrc);
    let Some(sender) = known else {
        let mut context = context(key, crypto)?;
        let packet = decrypt(&mut context)?;
        if senders.len() >= MAX_SENDERS {
            senders.sort_by_key(|sender| sender.heard);
            senders.remove(0);
        }
        senders.push(Sender {
            ssrc,
            context,
            anew: None,
            heard: now,
        });
        return Ok(packet.freeze());
    };
    match sender.open(now, &decrypt) {
        Ok(packet) => return Ok(packet.freeze()),
        Err(error) if now.saturating_duration_since(sender.heard) < RESTART => {
            return Err(error.into());
        }
        Err(_) => {}
    }
    let mut context = context(key, crypto)?;
    let packet = decrypt(&mut context)?;
    sender.anew = Some(Anew { context, opened: 1 });
    sender.heard = now;
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
