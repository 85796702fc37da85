//! How much is logged, also while the server runs.

use std::fmt;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing_subscriber::EnvFilter;

use crate::config::LogFilter;

/// Janus' levels from 0 to 7 as ours. It has two for what ends the program or a request, and two
/// for what helps to find a mistake.
const LEVELS: [&str; 8] = [
    "off", "error", "error", "warn", "info", "debug", "debug", "trace",
];

/// The log of the process.
#[derive(Clone)]
pub(crate) struct Log {
    level: Arc<AtomicU8>,
    change: Arc<dyn Fn(EnvFilter) + Send + Sync>,
}

impl Log {
    /// Begins to log, to standard error.
    ///
    /// # Panics
    ///
    /// When the process logs already.
    pub(crate) fn start(filter: &LogFilter) -> Log {
        let log = tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_env_filter(filter.to_filter())
            .with_filter_reloading();
        let handle = log.reload_handle();
        log.init();
        let level = LEVELS.iter().rposition(|level| *level == filter.level());
        Log {
            level: Arc::new(AtomicU8::new(level.map_or(4, |level| level as u8))),
            change: Arc::new(move |filter| {
                // It is there as long as the process.
                let _ = handle.reload(filter);
            }),
        }
    }

    /// How much is logged, as Janus numbers it.
    pub(crate) fn level(&self) -> u8 {
        self.level.load(Ordering::Relaxed)
    }

    /// Logs as much as Janus would at this level, from 0 to 7.
    pub(crate) fn set_level(&self, level: u8) {
        if let Some(name) = LEVELS.get(usize::from(level)) {
            self.level.store(level, Ordering::Relaxed);
            (self.change)(LogFilter::of_level(name).to_filter());
            tracing::info!("the log's level is {name} now");
        }
    }
}

/// A log that nobody reads.
impl Default for Log {
    fn default() -> Log {
        Log {
            level: Arc::new(AtomicU8::new(4)),
            change: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("level", &self.level()).finish()
    }
}
