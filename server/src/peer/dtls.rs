//! The DTLS handshake with one viewer, which authenticates it and yields the keys of SRTP
//! (RFC 5764).
use super::{
    guard::Guard,
    hello::{Hello, Offer},
    info::{DtlsInfo, DtlsStateInfo},
    srtp::{Profile, Srtp, SrtpError},
};
use bytes::BytesMut;
use rtc::{
    crypto::{HashAlgorithm, RTCCryptoProvider},
    dtls::{
        config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig},
        crypto::Certificate,
        endpoint::{Endpoint, EndpointEvent},
        extension::extension_use_srtp::SrtpProtectionProfile,
    },
    shared::{TransportProtocol, error::Error},
};
use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use thiserror::Error as ThisError;

/// DTLS runs over whatever path ICE has found, so its idea of addresses is a constant.
const TUNNEL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// How long to wait before a flight is repeated for the first time, and at most. RFC 6347 section
/// 4.2.4 starts at a second and doubles, for any network; ICE has just found this path alive, and
/// somebody is waiting for the picture. The crate gives up after seven, which is past the time that
/// a viewer has to connect.
const RETRANSMIT: Duration = Duration::from_millis(400);
const MAX_RETRANSMIT: Duration = Duration::from_millis(3200);

/// Why no connection came about, or why it ended.
#[derive(Debug, ThisError)]
pub(super) enum DtlsError {
    #[error("DTLS: {0}")]
    Dtls(#[from] Error),
    #[error(transparent)]
    Srtp(#[from] SrtpError),
}

/// The part we play in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// We send the first message.
    Client,
    /// The viewer sends the first message.
    Server,
}

/// The SHA-256 of a certificate (RFC 8122).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

/// The certificate of this process, one for all viewers, and the cryptography behind it.
pub(super) struct Identity {
    certificate: Certificate,
    fingerprint: Fingerprint,
    crypto: Arc<dyn RTCCryptoProvider>,
}

/// One end of a DTLS association.
pub(super) struct Dtls {
    endpoint: Endpoint,
    identity: Arc<Identity>,
    expected: Fingerprint,
    role: Role,
    guard: Guard,
    hello: Hello,
    started: bool,
    /// How long the crate waits less than we do before it repeats a flight.
    patience: Duration,
    /// With what media are encrypted, once the handshake is complete.
    profile: Option<&'static str>,
}

/// What a datagram brought.
pub(super) enum Event {
    /// Nothing to tell.
    Nothing,
    /// The handshake is complete: media can be sent.
    Secured(Box<Srtp>),
    /// The viewer said goodbye.
    Closed,
}

impl Identity {
    /// A fresh self-signed certificate (ECDSA P-256).
    pub(super) fn generate() -> Result<Self, Error> {
        let crypto =
            rtc::crypto::default_provider().map_err(|error| Error::Crypto(error.to_string()))?;
        let certificate =
            Certificate::generate_self_signed(["fanlight".to_owned()], crypto.crypto())?;
        let der = certificate
            .certificate
            .first()
            .ok_or(Error::ErrNonCertificate)?;
        let fingerprint = Fingerprint::of(der, crypto.as_ref())?;
        Ok(Self {
            certificate,
            fingerprint,
            crypto,
        })
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn crypto(&self) -> &Arc<dyn RTCCryptoProvider> {
        &self.crypto
    }
}

impl Fingerprint {
    /// Reads the value of a `fingerprint` attribute; only SHA-256 is taken.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (algorithm, digits) = value.split_once(' ')?;
        if !algorithm.eq_ignore_ascii_case("sha-256") {
            return None;
        }
        let mut bytes = [0; 32];
        let mut pairs = digits.trim().split(':');
        for byte in &mut bytes {
            *byte = u8::from_str_radix(pairs.next()?, 16).ok()?;
        }
        pairs.next().is_none().then_some(Self(bytes))
    }

    fn of(certificate: &[u8], crypto: &dyn RTCCryptoProvider) -> Result<Self, Error> {
        let hash = crypto
            .crypto()
            .hash(HashAlgorithm::Sha256, certificate)
            .map_err(|error| Error::Crypto(error.to_string()))?;
        let bytes = hash.as_slice().try_into();
        bytes
            .map(Self)
            .map_err(|_| Error::Crypto("a SHA-256 of odd length".into()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl Dtls {
    /// An association with the viewer whose certificate has this fingerprint.
    pub(super) fn new(identity: Arc<Identity>, role: Role, expected: Fingerprint) -> Self {
        Self {
            endpoint: Endpoint::new(TUNNEL, TransportProtocol::UDP, None),
            identity,
            expected,
            role,
            guard: Guard::default(),
            hello: Hello::default(),
            started: false,
            patience: Duration::ZERO,
            profile: None,
        }
    }

    /// What administrators are shown.
    pub(super) fn info(&self) -> DtlsInfo {
        DtlsInfo {
            fingerprint: self.identity.fingerprint().to_string(),
            remote_fingerprint: Some(self.expected.to_string()),
            is_client: Some(self.role == Role::Client),
            state: match self.profile {
                Some(_) => DtlsStateInfo::Connected,
                None if self.started => DtlsStateInfo::Trying,
                None => DtlsStateInfo::Created,
            },
            srtp_profile: self.profile,
        }
    }

    /// There is a path now: the client begins.
    pub(super) fn path_found(&mut self, now: Instant) -> Result<(), DtlsError> {
        if self.role == Role::Client && !self.started {
            self.started = true;
            let config = self.config(&[
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
            ])?;
            self.endpoint.connect(now, TUNNEL, config, None)?;
        }
        Ok(())
    }

    /// Takes a datagram of the viewer's.
    pub(super) fn receive(&mut self, now: Instant, datagram: &[u8]) -> Result<Event, DtlsError> {
        if self.profile.is_some() {
            let datagram = self.guard.afterwards(datagram);
            return match datagram.is_empty() {
                true => Ok(Event::Nothing),
                false => self.read(now, &datagram),
            };
        }
        let Some(datagram) = self.guard.in_handshake(datagram) else {
            return Ok(Event::Nothing);
        };
        match self.begin(datagram)? {
            Some(datagrams) => {
                let mut result = Event::Nothing;
                for datagram in &datagrams {
                    result = self.read(now, datagram)?;
                }
                Ok(result)
            }
            None if self.started => self.read(now, datagram),
            None => Ok(Event::Nothing),
        }
    }

    /// The next datagram to be sent.
    pub(super) fn poll_transmit(&mut self) -> Option<BytesMut> {
        Some(self.endpoint.poll_transmit()?.message)
    }

    /// When to call [`Self::handle_timeout`] next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        Some(self.endpoint.poll_timeout(&TUNNEL)? + self.patience)
    }

    /// Repeats what may have been lost.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsError> {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            let waited = RETRANSMIT + self.patience;
            self.patience = (waited * 2).min(MAX_RETRANSMIT) - RETRANSMIT;
            self.endpoint.handle_timeout(TUNNEL, now)?;
        }
        Ok(())
    }

    /// Says goodbye.
    pub(super) fn close(&mut self, now: Instant) {
        self.endpoint.stop(now, TUNNEL);
    }

    fn srtp(&mut self) -> Result<Srtp, DtlsError> {
        let state = self
            .endpoint
            .get_connection_state(TUNNEL)
            .ok_or(Error::ErrDtlsTransportNotStarted)?;
        let (profile, name) = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => {
                (Profile::AeadAes128Gcm, "SRTP_AEAD_AES_128_GCM")
            }
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => {
                (Profile::Aes128CmHmacSha1_80, "SRTP_AES128_CM_HMAC_SHA1_80")
            }
            _ => return Err(Error::ErrNoSuchSrtpProfile.into()),
        };
        let export = |label: &str, length| state.export_keying_material(label, &[], length);
        let crypto = self.identity.crypto();
        let srtp = Srtp::new(profile, state.is_client(), export, crypto)?;
        self.profile = Some(name);
        Ok(srtp)
    }

    /// Begins the handshake as the server, when it is known what the viewer offers: the crate lets
    /// the client's order of SRTP profiles decide, and browsers put the slower one first. Yields the
    /// datagrams that have come so far.
    fn begin(&mut self, datagram: &[u8]) -> Result<Option<Vec<Vec<u8>>>, DtlsError> {
        if self.started || self.role == Role::Client {
            return Ok(None);
        }
        let gcm = SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm;
        let config = match self.hello.add(datagram) {
            Offer::None | Offer::Incomplete => return Ok(None),
            Offer::Gcm => self.config(&[gcm])?,
            Offer::Other => {
                self.config(&[gcm, SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80])?
            }
        };
        self.endpoint.set_server_config(Some(config));
        self.started = true;
        Ok(Some(self.hello.take()))
    }

    fn read(&mut self, now: Instant, datagram: &[u8]) -> Result<Event, DtlsError> {
        let read = self
            .endpoint
            .read(now, TUNNEL, None, BytesMut::from(datagram));
        let events = match read {
            Ok(events) => events,
            // Only what is encrypted is read by now, so the alert is the viewer's.
            Err(Error::ErrAlertFatalOrClose) if self.profile.is_some() => return Ok(Event::Closed),
            // Once the viewer is known, what cannot be read is not from it.
            Err(_) if self.profile.is_some() => return Ok(Event::Nothing),
            Err(error) => return Err(error.into()),
        };
        let mut result = Event::Nothing;
        for event in events {
            match event {
                EndpointEvent::HandshakeComplete => {
                    result = Event::Secured(Box::new(self.srtp()?));
                }
                EndpointEvent::PeerClosed => return Ok(Event::Closed),
                _ => {}
            }
        }
        Ok(result)
    }

    fn config(
        &self,
        profiles: &[SrtpProtectionProfile],
    ) -> Result<Arc<HandshakeConfig>, DtlsError> {
        let crypto = Arc::clone(&self.identity.crypto);
        let expected = self.expected;
        let verify = move |chain: &[Vec<u8>], _: &[_]| match chain.first() {
            Some(der) if Fingerprint::of(der, crypto.as_ref())? == expected => Ok(()),
            _ => Err(Error::ErrNoMatchingCertificateFingerprint),
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&self.identity.crypto))
            .with_certificates(vec![self.identity.certificate.clone()])
            .with_srtp_protection_profiles(profiles.to_vec())
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            // Certificates are self-signed; the fingerprint, which came over the signalling, is
            // what authenticates the viewer.
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(Some(Arc::new(verify)))
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_flight_interval(RETRANSMIT)
            .build(self.role == Role::Client, None)?;
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        let fingerprint = Identity::generate().unwrap().fingerprint();
        assert_eq!(
            Fingerprint::parse(&format!("sha-256 {fingerprint}")),
            Some(fingerprint)
        );
        let lower = format!("SHA-256 {fingerprint}").to_lowercase();
        assert_eq!(Fingerprint::parse(&lower), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&format!("sha-1 {fingerprint}")), None);
        assert_eq!(
            Fingerprint::parse(&format!("sha-256 {fingerprint}:00")),
            None
        );
        assert_eq!(Fingerprint::parse("sha-256 AA:BB"), None);
    }
}
