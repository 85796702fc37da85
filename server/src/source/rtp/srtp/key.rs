//! The keys of SRTP, as they are given to both ends (RFC 4568).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rtc::srtp::protection_profile::ProtectionProfile;

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
    pub(super) const ALL: [SrtpSuite; 4] = [
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

    pub(super) fn profile(self) -> ProtectionProfile {
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
    pub(super) suite: SrtpSuite,
    pub(super) key: Vec<u8>,
    pub(super) salt: Vec<u8>,
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

#[cfg(test)]
mod tests {
    use super::*;

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
