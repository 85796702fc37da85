//! What the user or the system asks of the running process.

use std::ffi::OsString;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Options;
use crate::stream::Stream;

/// Is done when the server is asked to end: Ctrl-C or SIGTERM. Whoever asks again has waited
/// enough, and the process ends at once.
///
/// # Errors
///
/// When the system refuses to tell of signals.
pub(crate) fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        either(&mut interrupt, &mut terminate).await;
        tracing::info!("ending: viewers are told, the camera is released");
        tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            std::process::exit(1);
        });
    })
}

/// On each SIGHUP reads the options again and changes what can be changed while viewers watch: the
/// bit rate. All else counts from the next start. A file with a mistake changes nothing.
///
/// # Errors
///
/// When the system refuses to tell of signals.
pub(crate) fn reload(arguments: Vec<OsString>, stream: Option<Stream>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match Options::read(arguments.clone()) {
                Ok(options) => {
                    if let Some(stream) = &stream {
                        stream.set_bitrate(options.bitrate);
                        tracing::info!("the bit rate is {} kbit/s now", options.bitrate);
                    }
                    tracing::info!("all other options count from the next start");
                }
                Err(error) => tracing::warn!("nothing is changed: {error}"),
            }
        }
    });
    Ok(())
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
