//! Options of the Janus API: who may use it, and for how long.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use crate::janus::{Access, Admin, Plugin, StoredToken, Tokens};
use crate::log::Log;
use crate::secret::Secret;
use crate::web::{Acl, AclEntry, AdminConfig};

/// Who may use the Janus API, and for how long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Janus API")]
pub(crate) struct AccessOptions {
    /// Secret that Janus clients have to know (`apisecret`)
    ///
    /// The list of processes shows flags to everybody on this machine: keep secrets in the file.
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    api_secret: Option<Secret>,

    /// Ask Janus clients for a token; those of --token and of the admin API are good
    ///
    /// With --api-secret as well, either suffices.
    #[arg(long)]
    token_auth: bool,

    /// Token that is good, and the plugins it is good for; may be given more than once
    ///
    /// As in `a1b2c3d4 janus.plugin.ustreamer`; without names it is good for all plugins. Implies
    /// --token-auth.
    #[arg(long, value_name = "TOKEN [PLUGIN…]")]
    token: Vec<TokenSpec>,

    /// Secret that tokens are signed with by whoever gives them out (HMAC); implies --token-auth
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    token_auth_secret: Option<Secret>,

    /// Addresses that may use the Janus API: whole ones, or beginnings as in `192.168.0.`
    ///
    /// May be given more than once, or as a list with commas. Without it every address may.
    #[arg(long, value_name = "PREFIX", value_delimiter = ',')]
    pub(crate) acl: Vec<AclEntry>,

    /// Secret that administrators have to know (`admin_secret`); without it nobody is one
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    admin_secret: Option<Secret>,

    /// Address of the admin API alone, as in `127.0.0.1:7088`; may be given more than once
    ///
    /// Without it the admin API is at the addresses of --listen. There is none without --admin-secret.
    #[arg(long, value_name = "ADDR:PORT", value_parser = super::socket_address)]
    admin_listen: Vec<SocketAddr>,

    /// Addresses that may use the admin API, as with --acl
    #[arg(long, value_name = "PREFIX", value_delimiter = ',')]
    admin_acl: Vec<AclEntry>,

    /// Name of this server, for clients that talk to several (`server-name`)
    #[arg(long, value_name = "NAME", default_value = "Fanlight")]
    pub(crate) server_name: String,

    /// Seconds after which an unused session ends; 0 is never
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    session_timeout: u32,

    /// Seconds for which a session outlives its WebSocket, to be claimed from another
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    reclaim_session_timeout: u32,

    /// The most sessions at the same time
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_sessions: u32,
}

impl AccessOptions {
    /// What proves that a client may use the API.
    pub(crate) fn access(&self) -> Access {
        let wanted = self.token_auth || !self.token.is_empty() || self.token_auth_secret.is_some();
        let stored = || self.token.iter().map(TokenSpec::to_stored).collect();
        Access {
            api_secret: self.api_secret.clone(),
            tokens: wanted.then(|| Tokens::new(stored(), self.token_auth_secret.clone())),
        }
    }

    /// Who may use the admin API.
    pub(crate) fn admin(&self, log: Log) -> Option<Admin> {
        let secret = self.admin_secret.clone()?;
        Some(Admin { secret, log })
    }

    /// How the admin API is served.
    pub(crate) fn admin_web(&self) -> Option<AdminConfig> {
        if self.admin_secret.is_none() {
            if !self.admin_listen.is_empty() {
                tracing::warn!("admin-listen is of no use: there is no admin-secret");
            }
            return None;
        }
        Some(AdminConfig {
            listen: self.admin_listen.clone(),
            acl: Acl(self.admin_acl.clone()),
        })
    }

    /// How long a session lives unused; zero is for ever.
    pub(crate) fn session_timeout(&self) -> Duration {
        Duration::from_secs(self.session_timeout.into())
    }

    /// How long a session outlives its connection.
    pub(crate) fn reclaim_timeout(&self) -> Duration {
        Duration::from_secs(self.reclaim_session_timeout.into())
    }
}

/// A token, and the names of the plugins it is good for: `TOKEN [PLUGIN…]`.
#[derive(Clone)]
struct TokenSpec {
    token: Secret,
    plugins: Vec<String>,
}

impl TokenSpec {
    fn to_stored(&self) -> StoredToken {
        let known = |name: &String| {
            let plugin = Plugin::by_name(name);
            if plugin.is_none() {
                tracing::warn!("a token is for {name}, and there is no such plugin");
            }
            plugin
        };
        let plugins = match self.plugins.as_slice() {
            [] => BTreeSet::from(Plugin::ALL),
            names => names.iter().filter_map(known).collect(),
        };
        let token = self.token.clone();
        StoredToken { token, plugins }
    }
}

impl FromStr for TokenSpec {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split_whitespace();
        let token = words.next().ok_or("an empty token keeps nobody out")?;
        Ok(Self {
            token: Secret::new(token),
            plugins: words.map(str::to_owned).collect(),
        })
    }
}

impl fmt::Debug for TokenSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.plugins).finish()
    }
}

pub(super) fn secret(text: &str) -> Result<Secret, &'static str> {
    match text {
        "" => Err("an empty secret keeps nobody out"),
        text => Ok(Secret::new(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_all_plugins_or_for_those_that_are_named() {
        let plugins = |text: &str| text.parse::<TokenSpec>().unwrap().to_stored().plugins;
        assert_eq!(plugins("a"), Plugin::ALL.into());
        assert_eq!(
            plugins("a janus.plugin.ustreamer"),
            [Plugin::Ustreamer].into()
        );
        assert_eq!(plugins("a janus.plugin.echotest"), [].into());
        assert!(" ".parse::<TokenSpec>().is_err());
    }
}
