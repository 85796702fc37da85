//! A source of RTP: ffmpeg, which feeds the mountpoints of Janus and of Fanlight.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::is_on_path;
use crate::log::Log;
use crate::wait::patiently;

/// A running source. Dropping it ends it.
#[derive(Debug)]
pub struct Feed {
    child: Child,
    log: Log,
    /// The pictures that it sends again and again, if it sends any.
    _folder: Option<TempDir>,
}

/// A moving test picture in H.264.
#[derive(Clone, Copy, Debug)]
pub struct Video {
    /// `WIDTHxHEIGHT`.
    pub size: &'static str,
    /// Pictures a second.
    pub fps: u32,
    /// Bit rate in kbit/s.
    pub bitrate: u32,
    /// Pictures from one key frame to the next.
    pub key_frames_every: u32,
    /// Largest RTP packet in bytes. Packets above what a viewer's path carries have to be split.
    pub packet_size: u32,
}

/// Small and cheap, with a key frame each second.
impl Default for Video {
    fn default() -> Self {
        Video {
            size: "640x360",
            fps: 30,
            bitrate: 600,
            key_frames_every: 30,
            packet_size: 1200,
        }
    }
}

/// Whether ffmpeg is on this machine.
///
/// # Errors
/// When it is not.
pub fn is_installed() -> Result<()> {
    is_on_path("ffmpeg")
}

impl Feed {
    /// Sends a picture to these ports of this machine, as payload type 96 and with RTCP on each
    /// next port. What is sent was encoded before: the source costs next to nothing.
    ///
    /// # Errors
    /// When there is no ffmpeg, or it has no encoder for H.264.
    pub async fn h264(video: Video, ports: &[u16]) -> Result<Feed> {
        let folder = TempDir::with_prefix("fanlight-feed-")?;
        // MPEG-TS: what is repeated from an MP4 file has times that run backwards.
        let file = folder.path().join("pictures.ts");
        encode(video, &file).await?;
        let mut ffmpeg = quiet_ffmpeg();
        ffmpeg.args(["-re", "-stream_loop", "-1", "-i"]).arg(&file);
        for port in ports {
            let packet_size = video.packet_size;
            ffmpeg
                .args(["-map", "0:v", "-c", "copy", "-payload_type", "96"])
                .args(["-f", "rtp"])
                .arg(format!("rtp://127.0.0.1:{port}?pkt_size={packet_size}"));
        }
        Feed::start(ffmpeg, Some(folder))
    }

    /// Sends a tone to these ports of this machine, in Opus, as payload type 111.
    ///
    /// # Errors
    /// When there is no ffmpeg.
    pub fn opus(ports: &[u16]) -> Result<Feed> {
        let mut ffmpeg = quiet_ffmpeg();
        ffmpeg.args(["-re", "-f", "lavfi", "-i", "sine=frequency=440"]);
        for port in ports {
            ffmpeg
                .args(["-c:a", "libopus", "-b:a", "32k", "-payload_type", "111"])
                .args(["-f", "rtp"])
                .arg(format!("rtp://127.0.0.1:{port}"));
        }
        Feed::start(ffmpeg, None)
    }

    fn start(mut ffmpeg: Command, folder: Option<TempDir>) -> Result<Feed> {
        let mut child = ffmpeg
            .kill_on_drop(true)
            .spawn()
            .context("cannot start ffmpeg")?;
        Ok(Feed {
            log: Log::of(&mut child),
            child,
            _folder: folder,
        })
    }

    /// Whether it still sends.
    ///
    /// # Errors
    /// When it does not; what it wrote is in the error.
    pub fn is_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("ffmpeg ended, {status}: {}", self.log.lines().join("\n")),
        }
    }
}

async fn encode(video: Video, file: &Path) -> Result<()> {
    // Two rounds of key frames, and two seconds at least: it is repeated without a seam.
    let group = video.key_frames_every;
    let pictures = (2 * video.fps).div_ceil(group).max(2) * group;
    let Video {
        size, fps, bitrate, ..
    } = video;
    let encoding = quiet_ffmpeg()
        .args([
            "-f",
            "lavfi",
            "-i",
            &format!("testsrc2=size={size}:rate={fps}"),
        ])
        .args(["-frames:v", &pictures.to_string(), "-c:v", "libx264"])
        .args(["-preset", "ultrafast", "-tune", "zerolatency"])
        .args(["-profile:v", "baseline", "-pix_fmt", "yuv420p"])
        .args(["-g", &group.to_string(), "-sc_threshold", "0"])
        .args([
            "-b:v",
            &format!("{bitrate}k"),
            "-maxrate",
            &format!("{bitrate}k"),
        ])
        .args(["-bufsize", &format!("{}k", bitrate / 2)])
        .args(["-f", "mpegts"])
        .arg(file)
        .kill_on_drop(true)
        .output();
    let output = patiently("ffmpeg to encode", encoding)
        .await?
        .context("cannot start ffmpeg")?;
    ensure!(
        output.status.success(),
        "ffmpeg cannot encode H.264: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn quiet_ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-loglevel", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
