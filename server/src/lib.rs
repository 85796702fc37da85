//! Fanlight: a camera or an HDMI capture device as a picture in a browser, over WebRTC.
//!
//! # Layout
//!
//! One folder for each room of the house, named after what flows through it:
//!
//! * [`cli`], [`config`]: arguments and file → one checked `Config`
//! * [`import`]: Janus' configuration files → options and mountpoints
//! * [`signals`]: Ctrl-C, and the file read again
//! * [`source`]: where pictures come from
//! * [`picture`]: raw pixels and their conversion
//! * [`encode`]: pictures to H.264
//! * [`stream`]: source → encoder → RTP payloads → viewers
//! * [`mountpoint`]: what can be watched: the camera's stream and RTP sources, by their ids
//! * [`peer`]: viewers' connections: ICE, DTLS, SRTP
//! * [`recording`]: tracks → a file
//! * [`janus`]: the Janus API: sessions, handles, plugins, transports
//! * [`web`]: the HTTP server with the page
//!
//! [`net`], [`ntp`], [`payload`], [`secret`] and [`timers`] are used in several of them.
//!
//! `fuzzing` is in no build that is shipped: it has the doors by which bytes come in.

mod cli;
mod config;
mod encode;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod import;
mod janus;
mod log;
mod mountpoint;
mod net;
mod ntp;
mod payload;
mod peer;
mod picture;
mod recording;
mod secret;
mod signals;
mod source;
mod stream;
mod timers;
mod web;

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use cli::{Options, OptionsError};
use config::Config;
use janus::Live;
use log::Log;
use mountpoint::Mountpoints;
use peer::Peers;
use stream::Stream;
use web::Web;

/// How long the camera may take to be released, and recordings to be complete.
const RELEASE: Duration = Duration::from_secs(2);

/// The whole program: reads the command line and serves until it is told to end.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let options = match Options::read(arguments.clone()) {
        Ok(options) => options,
        // Prints help and version, too, which are no failures.
        Err(OptionsError::CommandLine(error)) => error.exit(),
        Err(error) => {
            eprintln!("fanlight: {error}");
            return ExitCode::from(2);
        }
    };
    if let Some(command) = &options.command {
        return match command.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("fanlight: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let log = Log::start(&options.log);
    for remark in options.imported.remarks.lines() {
        tracing::warn!("not taken over from Janus: {remark}");
    }
    // Without a file there is nothing to read again, and SIGHUP ends the server as it does others.
    let reload = options.config.is_some().then_some(arguments);
    match run(Config::new(options, log), reload) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fanlight: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until Ctrl-C or SIGTERM.
fn run(config: Config, reload: Option<Vec<OsString>>) -> Result<(), Box<dyn Error>> {
    // Signalling is little work; the media have threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Ports first: when one is taken, the camera has not been touched.
        let web = Web::bind(config.web)?;
        let (news, of_peers) = janus::peer_news();
        let peers = Peers::start(config.peers, move |peer, event| news.tell(peer, &event))?;
        let mountpoints = Mountpoints::start(config.mountpoints)?;
        let stream = config.stream.map(Stream::start).transpose()?;
        mountpoints.complete(stream.clone());
        if let Some(arguments) = reload {
            signals::reload(arguments, stream.clone())?;
        }
        let (gateway, task) = janus::channel();
        let live = Live::new(mountpoints.clone(), peers.clone());
        let task = tokio::spawn(task.run(config.gateway, live, of_peers));
        announce(&web.addresses(), peers.addresses());
        web.serve(gateway, signals::asked_to_end()?).await;
        task.await?;
        let released = tokio::task::spawn_blocking(move || {
            peers.shutdown();
            mountpoints.finish_recordings();
            if let Some(stream) = stream {
                stream.stop();
            }
        });
        // What hangs must not keep the process from ending, which frees the camera, too.
        match tokio::time::timeout(RELEASE, released).await {
            Ok(released) => released?,
            Err(_) => {
                tracing::warn!("the camera or a disk does not answer, ending without it");
                std::process::exit(0);
            }
        }
        tracing::info!("ended");
        Ok(())
    })
}

/// Says where the picture is: on standard output, so that it is there whatever is logged.
fn announce(pages: &[SocketAddr], media: &[SocketAddr]) {
    let mut text = String::new();
    for address in pages {
        let host = match address.ip() {
            ip if ip.is_unspecified() => "<address of this machine>".to_owned(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
            std::net::IpAddr::V4(ip) => ip.to_string(),
        };
        text += &format!("Fanlight: open http://{host}:{}\n", address.port());
    }
    for address in media {
        tracing::info!("media on UDP {address}");
    }
    if pages.iter().all(|address| address.ip().is_loopback()) {
        text += &format!(
            "Only browsers on this machine see it; --listen 0.0.0.0:{} opens it to the network.\n",
            pages.first().map_or(8080, SocketAddr::port)
        );
    }
    // Whoever reads it may have gone; the server goes on.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
