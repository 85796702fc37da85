//! The options, checked: what the rooms of the house are built from.

use std::collections::HashSet;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use crate::cli::Options;
use crate::encode::EncoderSettings;
use crate::janus::{GatewayConfig, Limits};
use crate::log::Log;
use crate::mountpoint::MountpointsConfig;
use crate::peer::PeersConfig;
use crate::source::SourceOptions;
use crate::stream::StreamConfig;
use crate::web::{Acl, Origins, WebConfig};

/// The UDP port of the media, where none is given.
pub(crate) const MEDIA_PORT: u16 = 8189;

/// The name of the camera's stream.
const STREAM: &str = "main";

/// Everything the server has to know to start.
#[derive(Debug)]
pub(crate) struct Config {
    /// The camera's stream, if there is to be one.
    pub(crate) stream: Option<StreamConfig>,
    /// What else can be watched.
    pub(crate) mountpoints: MountpointsConfig,
    /// Where the page and the Janus API are served.
    pub(crate) web: WebConfig,
    /// How viewers are connected.
    pub(crate) peers: PeersConfig,
    /// How viewers are spoken to.
    pub(crate) gateway: GatewayConfig,
}

impl Config {
    /// What the options come to. The log is for administrators to change.
    pub(crate) fn new(options: Options, log: Log) -> Config {
        let listen = once(options.listen);
        let media = if options.rtc.is_empty() {
            media_addresses(&listen)
        } else {
            options.rtc
        };
        Config {
            stream: options.source.0.map(|source| StreamConfig {
                name: STREAM.to_owned(),
                source,
                options: SourceOptions {
                    size: options.size,
                    fps: options.fps,
                    idle: options.idle,
                },
                encoder: EncoderSettings {
                    kbps: options.bitrate,
                    qp: options.qp.0,
                },
            }),
            mountpoints: MountpointsConfig {
                mountpoints: options.imported.mountpoints,
                ..options.mountpoints.into()
            },
            web: WebConfig {
                listen,
                origins: Origins {
                    allowed: options.allow_origin,
                },
                acl: Acl(options.access.acl.clone()),
                admin: options.access.admin_web(),
            },
            peers: PeersConfig {
                listen: media,
                public_ips: options.public_ip,
                ice_lite: options.ice_lite,
            },
            gateway: GatewayConfig {
                server_name: options.access.server_name.clone(),
                stun_server: options.stun,
                full_trickle: options.full_trickle,
                ice_lite: options.ice_lite,
                session_timeout: options.access.session_timeout(),
                reclaim_timeout: options.access.reclaim_timeout(),
                access: options.access.access(),
                accepting_sessions: true,
                admin: options.access.admin(log),
                limits: Limits {
                    sessions: options.access.max_sessions as usize,
                    ..Limits::default()
                },
            },
        }
    }
}

/// The media's port at each address of the web server, once.
fn media_addresses(listen: &[SocketAddr]) -> Vec<SocketAddr> {
    let media = |address: &SocketAddr| SocketAddr::new(address.ip(), MEDIA_PORT);
    once(listen.iter().map(media).collect())
}

/// Each address once: the second would find the port taken, by the first.
fn once(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    addresses.retain(|address| seen.insert(*address));
    addresses
}

/// Quantisers from the finest to the coarsest. Parses from and displays as `20-42`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QpRange(RangeInclusive<u8>);

impl Default for QpRange {
    fn default() -> QpRange {
        QpRange(EncoderSettings::default().qp)
    }
}

impl fmt::Display for QpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.start(), self.0.end())
    }
}

impl FromStr for QpRange {
    type Err = String;

    fn from_str(text: &str) -> Result<QpRange, String> {
        let range = text.split_once('-').and_then(|(finest, coarsest)| {
            let range = finest.trim().parse().ok()?..=coarsest.trim().parse().ok()?;
            let known = |qp| EncoderSettings::QP.contains(qp);
            (known(range.start()) && known(range.end()) && !range.is_empty()).then_some(range)
        });
        let (finest, coarsest) = EncoderSettings::QP.into_inner();
        range.map(QpRange).ok_or_else(|| {
            format!("write two numbers from {finest} to {coarsest} as in 20-42, the finer first")
        })
    }
}

/// What is logged: a level for Fanlight's own messages, or directives for parts of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl LogFilter {
    /// The filter for the log.
    pub(crate) fn to_filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl Default for LogFilter {
    fn default() -> LogFilter {
        LogFilter::of_level("info")
    }
}

impl LogFilter {
    /// The level of our own messages.
    pub(crate) fn level(&self) -> &str {
        let own = self.0.strip_prefix(LIBRARIES);
        let level = own.and_then(|own| own.strip_prefix(",fanlight="));
        let level = level.and_then(|level| level.split(',').next());
        level.unwrap_or(&self.0)
    }

    /// A level for our own messages. What libraries say of their inner life is seldom about the
    /// viewer's picture; only their warnings are shown.
    pub(crate) fn of_level(level: &str) -> LogFilter {
        LogFilter(match level {
            "off" => "off".to_owned(),
            "error" => "error".to_owned(),
            level => format!("{LIBRARIES},fanlight={level}"),
        })
    }
}

/// The rtc crates warn of packets that any stranger can send.
const LIBRARIES: &str =
    "warn,rtc=error,rtc_ice=error,rtc_dtls=error,rtc_srtp=error,rtc_shared=error";

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.0.strip_prefix(LIBRARIES);
        let level = own.and_then(|own| own.strip_prefix(",fanlight="));
        f.write_str(level.unwrap_or(&self.0))
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<LogFilter, String> {
        if LEVELS.contains(&text) {
            return Ok(LogFilter::of_level(text));
        }
        let mut base = LogFilter::default().0;
        for directive in text.split(',') {
            let level = directive.rsplit('=').next().unwrap_or_default();
            // The library takes a mistyped level for the name of a part, and then logs nothing else.
            if !LEVELS.contains(&level) {
                return Err(format!(
                    "`{level}` is not a level: write {}",
                    LEVELS.join(", ")
                ));
            }
            if directive == level {
                base = LogFilter::of_level(level).0;
            } else {
                base = format!("{base},{directive}");
            }
        }
        EnvFilter::try_new(&base).map_err(|error| error.to_string())?;
        Ok(LogFilter(base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_follows_the_addresses_of_the_web_server() {
        let listen = ["0.0.0.0:80", "0.0.0.0:8080", "[::1]:80"].map(|a| a.parse().unwrap());
        let media = ["0.0.0.0:8189", "[::1]:8189"].map(|a| a.parse::<SocketAddr>().unwrap());
        assert_eq!(media_addresses(&listen), media);
    }

    #[test]
    fn a_range_of_quantisers_is_read_as_it_is_written() {
        let read = |text: &str| text.parse::<QpRange>();
        assert_eq!(read("20-42").unwrap().to_string(), "20-42");
        for bad in ["", "20", "51-20", "20-52", "0-20", "-1-20", "a-b"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_level_is_for_our_own_messages_and_off_is_for_all() {
        let debug: LogFilter = "debug".parse().unwrap();
        assert!(debug.0.ends_with(",fanlight=debug") && debug.0.starts_with("warn,"));
        assert_eq!(debug.to_string(), "debug");
        assert_eq!("off".parse::<LogFilter>().unwrap().0, "off");
        let parts: LogFilter = "warn,fanlight::peer=trace".parse().unwrap();
        assert!(parts.0.ends_with(",fanlight=warn,fanlight::peer=trace"));
    }

    #[test]
    fn a_mistyped_level_is_refused_rather_than_silence() {
        for bad in ["inof", "", "fanlight=loud", "info,", "info,debgu"] {
            assert!(bad.parse::<LogFilter>().is_err(), "{bad}");
        }
    }
}
