//! Who may ask: secrets and tokens.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fanlight_protocol::request::Credentials;
use fanlight_protocol::{Error, ErrorCode};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::plugin::Plugin;
use crate::secret::Secret;

/// What proves that somebody may ask. Without secrets and tokens everybody may.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// What all clients have to know, unless they have a token.
    pub(crate) api_secret: Option<Secret>,
    /// Tokens of single clients; none are looked at without it.
    pub(crate) tokens: Option<Tokens>,
}

/// Whose tokens are good.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    stored: Vec<StoredToken>,
    /// What tokens are signed with that somebody else gives out.
    signing_secret: Option<Secret>,
    /// Signed tokens end at a time of the calendar.
    clock: fn() -> SystemTime,
}

/// A token that the server knows.
#[derive(Clone, Debug)]
pub(crate) struct StoredToken {
    pub(crate) token: Secret,
    pub(crate) plugins: BTreeSet<Plugin>,
}

impl Access {
    /// Whether a secret or a token is needed.
    pub(super) fn is_restricted(&self) -> bool {
        self.api_secret.is_some() || self.tokens.is_some()
    }

    /// Either proof suffices.
    pub(super) fn check(&self, credentials: &Credentials) -> Result<(), Error> {
        let token = credentials.token.as_ref();
        let has = |tokens: &Tokens| token.is_some_and(|given| tokens.knows(given));
        let may = !self.is_restricted()
            || self.has_secret(credentials)
            || self.tokens.as_ref().is_some_and(has);
        may.then_some(()).ok_or_else(Error::unauthorized)
    }

    /// Whether the token, where one is given, is good for the plugin. Who knows the secret needs no
    /// token, so that a wrong one is no harm.
    pub(super) fn check_plugin(
        &self,
        credentials: &Credentials,
        plugin: Plugin,
    ) -> Result<(), Error> {
        match (&self.tokens, &credentials.token) {
            _ if self.has_secret(credentials) => Ok(()),
            (Some(tokens), Some(token)) if !tokens.allows(token, plugin) => {
                let name = plugin.name();
                let reason = format!("Provided token can't access plugin '{name}'");
                Err(Error::new(ErrorCode::UnauthorizedPlugin, reason))
            }
            _ => Ok(()),
        }
    }

    fn has_secret(&self, credentials: &Credentials) -> bool {
        let secret = self
            .api_secret
            .as_ref()
            .zip(credentials.api_secret.as_ref());
        secret.is_some_and(|(secret, given)| secret.is(given))
    }
}

impl Tokens {
    pub(crate) fn new(stored: Vec<StoredToken>, signing_secret: Option<Secret>) -> Self {
        Self {
            stored,
            signing_secret,
            clock: SystemTime::now,
        }
    }

    #[cfg(test)]
    pub(super) fn with_clock(self, clock: fn() -> SystemTime) -> Self {
        Self { clock, ..self }
    }

    /// All tokens that the server knows.
    pub(super) fn stored(&self) -> &[StoredToken] {
        &self.stored
    }

    /// In place of the one that is the same, if there is one.
    pub(super) fn add(&mut self, token: StoredToken) {
        self.remove(token.token.expose());
        self.stored.push(token);
    }

    /// False when there is no such token.
    pub(super) fn remove(&mut self, token: &str) -> bool {
        let before = self.stored.len();
        self.stored.retain(|stored| !stored.token.is(token));
        self.stored.len() < before
    }

    pub(super) fn find_mut(&mut self, token: &str) -> Option<&mut StoredToken> {
        self.stored.iter_mut().find(|stored| stored.token.is(token))
    }

    fn knows(&self, token: &str) -> bool {
        self.find(token).is_some() || self.verify(token).is_some()
    }

    fn allows(&self, token: &str, plugin: Plugin) -> bool {
        let stored = self.find(token);
        stored.is_some_and(|stored| stored.plugins.contains(&plugin))
            || self
                .verify(token)
                .is_some_and(|mut plugins| plugins.any(|name| name == plugin.name()))
    }

    /// Looks at all of them, so that the time it takes says nothing of which one is alike.
    fn find(&self, token: &str) -> Option<&StoredToken> {
        let mut found = None;
        for stored in &self.stored {
            if stored.token.is(token) {
                found = Some(stored);
            }
        }
        found
    }

    /// The plugins that a signed token is good for: `EXPIRY,janus,PLUGIN,…:SIGNATURE`, with the
    /// seconds of 1970 in decimal and the HMAC-SHA1 of what is before the colon in base64.
    fn verify<'a>(&self, token: &'a str) -> Option<impl Iterator<Item = &'a str>> {
        let secret = self.signing_secret.as_ref()?;
        let (signed, signature) = token.split_once(':')?;
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes()).ok()?;
        mac.update(signed.as_bytes());
        mac.verify_slice(&signature).ok()?;
        let mut parts = signed.split(',');
        let expiry: u64 = parts.next()?.parse().ok()?;
        let now = (self.clock)().duration_since(UNIX_EPOCH).ok()?;
        (now.as_secs() < expiry && parts.next()? == "janus").then_some(parts)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn given(api_secret: Option<&str>, token: Option<&str>) -> Credentials {
        Credentials {
            api_secret: api_secret.map(str::to_owned),
            token: token.map(str::to_owned),
        }
    }

    fn may(access: &Access, api_secret: Option<&str>, token: Option<&str>) -> bool {
        access.check(&given(api_secret, token)).is_ok()
    }

    fn stored(token: &str) -> StoredToken {
        StoredToken {
            token: Secret::new(token),
            plugins: [].into(),
        }
    }

    #[test]
    fn without_secrets_everybody_may_ask() {
        assert!(may(&Access::default(), None, None));
        assert!(may(&Access::default(), Some("any"), Some("any")));
    }

    #[test]
    fn a_secret_or_a_token_suffices() {
        let secret = Access {
            api_secret: Some(Secret::new("s3cret")),
            tokens: None,
        };
        let tokens = Access {
            api_secret: None,
            tokens: Some(Tokens::new(vec![stored("a"), stored("b")], None)),
        };
        let both = Access {
            api_secret: secret.api_secret.clone(),
            tokens: tokens.tokens.clone(),
        };
        for (api_secret, token, by_secret, by_token) in [
            (None, None, false, false),
            (Some("wrong"), Some("c"), false, false),
            (Some("s3cret"), None, true, false),
            (Some("s3cret"), Some("c"), true, false),
            (None, Some("b"), false, true),
            (Some("a"), Some("s3cret"), false, false),
            (None, Some(""), false, false),
        ] {
            assert_eq!(may(&secret, api_secret, token), by_secret);
            assert_eq!(may(&tokens, api_secret, token), by_token);
            assert_eq!(may(&both, api_secret, token), by_secret || by_token);
        }
    }

    /// Signed with "secret" by the function in Janus' documentation.
    const SIGNED: &str = "1000,janus,janus.plugin.ustreamer:57V5ieWOcCVp5ZGWb3Gv7VAeVzc=";

    fn signing(clock: fn() -> SystemTime) -> Access {
        let tokens = Tokens::new(vec![], Some(Secret::new("secret")));
        Access {
            api_secret: None,
            tokens: Some(tokens.with_clock(clock)),
        }
    }

    #[test]
    fn a_signed_token_is_good_until_it_ends() {
        let before = signing(|| UNIX_EPOCH + Duration::from_secs(999));
        let after = signing(|| UNIX_EPOCH + Duration::from_secs(1000));
        assert!(may(&before, None, Some(SIGNED)));
        assert!(!may(&after, None, Some(SIGNED)));
        let longer = SIGNED.replace("1000", "2000");
        assert!(!may(&before, None, Some(&longer)));
        for bad in ["", ":", "1000,janus", "1000,janus:", "1000,janus:!!!"] {
            assert!(!may(&before, None, Some(bad)), "{bad}");
        }
    }

    #[test]
    fn a_signed_token_is_good_for_its_plugins_alone() {
        let access = signing(|| UNIX_EPOCH);
        let token = given(None, Some(SIGNED));
        assert_eq!(access.check_plugin(&token, Plugin::Ustreamer), Ok(()));
        const NO_PLUGIN: &str = "1000,janus:7ObwfkjYGW1Dikpoj4iWrVCikaI=";
        let token = given(None, Some(NO_PLUGIN));
        assert_eq!(access.check(&token), Ok(()));
        let error = access.check_plugin(&token, Plugin::Ustreamer).unwrap_err();
        assert_eq!(error.code, ErrorCode::UnauthorizedPlugin);
    }

    #[test]
    fn a_token_of_another_realm_is_none() {
        const OTHER: &str = "1000,other,janus.plugin.ustreamer:IPYKWEhqf/B/fgbXLIvJ0AcK9Vs=";
        assert!(!may(&signing(|| UNIX_EPOCH), None, Some(OTHER)));
    }
}
