//! The lines that a process writes.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Child;

/// The lines that a process wrote, both streams together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    readers: Arc<Mutex<Vec<tokio::task::JoinHandle<()>>>>,
}

impl Log {
    /// Follows both streams of a process that was started with pipes for them.
    pub(crate) fn of(child: &mut Child) -> Log {
        let log = Log::default();
        if let Some(stream) = child.stdout.take() {
            log.follow(stream);
        }
        if let Some(stream) = child.stderr.take() {
            log.follow(stream);
        }
        log
    }

    fn follow(&self, stream: impl AsyncRead + Unpin + Send + 'static) {
        let lines = self.lines.clone();
        let reader = tokio::spawn(async move {
            let mut stream = BufReader::new(stream).lines();
            while let Ok(Some(line)) = stream.next_line().await {
                lines
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(reader);
    }

    /// What has come until now.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The lines of a process that has ended, up to the last.
    pub(crate) async fn complete(&self) -> Vec<String> {
        let readers =
            std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        for reader in readers {
            // A reader that died has pushed what it read.
            reader.await.ok();
        }
        self.lines()
    }
}
