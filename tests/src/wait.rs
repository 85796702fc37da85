//! Waiting for a state, never for a time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Longer than anything here takes on two busy cores; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until the answer is something, at most [`PATIENCE`] long. `what` names it in the error.
///
/// # Errors
/// When the time is over, or at once when asking itself fails.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if Instant::now() > end {
            bail!("waited {} s in vain for {what}", PATIENCE.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Gives a future [`PATIENCE`] to finish. `what` names it in the error.
///
/// # Errors
/// When the time is over.
pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, future)
        .await
        .with_context(|| format!("waited {} s in vain for {what}", PATIENCE.as_secs()))
}
