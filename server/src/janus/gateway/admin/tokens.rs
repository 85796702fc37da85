//! Which tokens are good, and for which plugins.

use std::collections::BTreeSet;

use fanlight_protocol::admin::{Found, TokenChange, TokenData, TokenInfo};
use fanlight_protocol::{Error, ErrorCode};

use super::AdminAnswer;
use crate::janus::gateway::{Gateway, Plugin, StoredToken, Tokens};
use crate::janus::media::Media;
use crate::secret::Secret;

impl<M: Media> Gateway<M> {
    pub(super) fn list_tokens(&mut self) -> Result<AdminAnswer, Error> {
        let tokens = self.tokens()?.stored().iter();
        let tokens = tokens.map(|stored| TokenInfo {
            token: stored.token.expose().into(),
            allowed_plugins: names(&stored.plugins),
        });
        let tokens = TokenData::Tokens(tokens.collect());
        Ok(AdminAnswer::Found(Found::Data(tokens)))
    }

    /// Names of plugins that there are not are passed over, as in Janus.
    pub(super) fn add_token(&mut self, change: &TokenChange) -> Result<AdminAnswer, Error> {
        let tokens = self.tokens()?;
        if change.token.is_empty() {
            return Err(Error::new(ErrorCode::Unknown, "Error adding token"));
        }
        let known = |name: &String| Plugin::by_name(name);
        let plugins: BTreeSet<Plugin> = match change.plugins.as_slice() {
            [] => Plugin::ALL.into(),
            names => names.iter().filter_map(known).collect(),
        };
        let answer = plugins_of(&plugins);
        let token = Secret::new(&*change.token);
        tokens.add(StoredToken { token, plugins });
        Ok(answer)
    }

    pub(super) fn allow_token(&mut self, change: &TokenChange) -> Result<AdminAnswer, Error> {
        self.change_token(change, |before, named| before | named)
    }

    pub(super) fn disallow_token(&mut self, change: &TokenChange) -> Result<AdminAnswer, Error> {
        self.change_token(change, |before, named| before - named)
    }

    pub(super) fn remove_token(&mut self, token: &str) -> Result<AdminAnswer, Error> {
        match self.tokens()?.remove(token) {
            true => Ok(AdminAnswer::Done),
            false => Err(Error::new(ErrorCode::Unknown, "Error removing token")),
        }
    }

    fn change_token(
        &mut self,
        change: &TokenChange,
        how: impl Fn(&BTreeSet<Plugin>, &BTreeSet<Plugin>) -> BTreeSet<Plugin>,
    ) -> Result<AdminAnswer, Error> {
        let tokens = self.tokens()?;
        if change.plugins.is_empty() {
            return Err(Error::no_plugins());
        }
        let stored = tokens.find_mut(&change.token);
        let stored = stored.ok_or_else(|| Error::token_not_found(&change.token))?;
        let named = change.plugins.iter().map(|name| Plugin::by_name(name));
        let named = named.collect::<Option<BTreeSet<Plugin>>>();
        stored.plugins = how(&stored.plugins, &named.ok_or_else(Error::invalid_plugins)?);
        Ok(plugins_of(&stored.plugins))
    }

    fn tokens(&mut self) -> Result<&mut Tokens, Error> {
        let tokens = self.config.access.tokens.as_mut();
        tokens.ok_or_else(Error::no_stored_tokens)
    }
}

fn plugins_of(plugins: &BTreeSet<Plugin>) -> AdminAnswer {
    AdminAnswer::Found(Found::Data(TokenData::Plugins(names(plugins))))
}

fn names(plugins: &BTreeSet<Plugin>) -> Vec<String> {
    plugins
        .iter()
        .map(|plugin| plugin.name().to_owned())
        .collect()
}
