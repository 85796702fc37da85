//! Secrets: compared in constant time, and never shown by accident.

use std::fmt;

use serde::{Deserialize, Deserializer, Serializer, de};
use subtle::ConstantTimeEq;

/// A password, key, PIN or token. `Debug` and `Display` show that there is one and no more.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(secret: impl Into<String>) -> Secret {
        Secret(secret.into())
    }

    /// Whether somebody knows it. How long that takes depends on the length of what was given
    /// alone, and on whether that is the right one.
    pub(crate) fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// The secret itself, for whoever may have it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Writes the secret itself: for files of the server. Secrets are not `Serialize`, so that
    /// whatever holds one has to ask for this.
    pub(crate) fn write<S: Serializer>(
        secret: &Option<Secret>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match secret {
            Some(Secret(secret)) => serializer.serialize_some(secret),
            None => serializer.serialize_none(),
        }
    }
}

/// An error shows nothing of what was written in place of a text.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        let text = String::deserialize(deserializer);
        let reason = "secrets and PINs are texts in quotes";
        text.map(Secret).map_err(|_| de::Error::custom(reason))
    }
}

/// In constant time, too.
impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.is(&other.0)
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(secret: &str) -> Result<Secret, Self::Err> {
        Ok(Secret::new(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_from_all_others() {
        let secret = Secret::new("pässword");
        assert!(secret.is("pässword"));
        for other in ["", "p", "pässwor", "pässwore", "pässword1", "PÄSSWORD"] {
            assert!(!secret.is(other), "{other}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Some(Secret::new("hunter2"));
        let shown = format!("{secret:?} {}", secret.clone().unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
