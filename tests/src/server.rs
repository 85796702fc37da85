//! The real server as a child process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::log::Log;
use crate::usage::{Usage, cpu_by_thread};
use crate::wait::{patiently, until};

/// A small, cheap test pattern: enough for every test that is not about size or speed.
pub const TEST_PATTERN: &[&str] = &[
    "--source",
    "test",
    "--size",
    "640x360",
    "--fps",
    "30",
    "--bitrate",
    "1000",
];

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    ports: Ports,
    log: Log,
}

/// The two addresses of a server, on the loopback interface.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Where the page and Janus' protocol are served (TCP).
    pub http: SocketAddr,
    /// Where media flow (UDP).
    pub rtc: SocketAddr,
}

/// How a server ended that did not stay.
#[derive(Debug)]
pub struct Refusal {
    /// Its exit status.
    pub status: ExitStatus,
    /// Every line that it wrote.
    pub lines: Vec<String>,
}

impl Server {
    /// Starts the server with [`TEST_PATTERN`] as its source and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started or ends at once; its log is in the error.
    pub async fn test_pattern() -> Result<Server> {
        Server::start(TEST_PATTERN).await
    }

    /// Starts the server on free ports and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started or ends at once; its log is in the error.
    pub async fn start(args: &[&str]) -> Result<Server> {
        Server::start_on(Ports::free()?, args).await
    }

    /// Starts the server on the ports given: the same ones again after a crash, say.
    ///
    /// # Errors
    /// When it cannot be started or ends at once; its log is in the error.
    pub async fn start_on(ports: Ports, args: &[&str]) -> Result<Server> {
        let mut server = Server::spawn(ports, args)?;
        until("the server to listen", async || {
            if let Some(status) = server.child.try_wait()? {
                let log = server.log.complete().await.join("\n");
                bail!("the server ended at once, {status}:\n{log}");
            }
            Ok(TcpStream::connect(ports.http).await.ok())
        })
        .await?;
        Ok(server)
    }

    /// Starts a server that is expected to give up, and waits for that.
    ///
    /// # Errors
    /// When it does not.
    pub async fn refused(ports: Ports, args: &[&str]) -> Result<Refusal> {
        let mut server = Server::spawn(ports, args)?;
        let status = patiently("the server to give up", server.child.wait()).await??;
        Ok(Refusal {
            status,
            lines: server.log.complete().await,
        })
    }

    fn spawn(ports: Ports, args: &[&str]) -> Result<Server> {
        let binary = binary()?;
        let mut command = Command::new(&binary);
        command.args([
            "--listen",
            &ports.http.to_string(),
            "--rtc",
            &ports.rtc.to_string(),
        ]);
        let mut child = command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let log = Log::of(&mut child);
        Ok(Server { child, ports, log })
    }

    /// Its addresses.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The address of its page.
    pub fn page(&self) -> String {
        format!("http://{}/", self.ports.http)
    }

    /// The address of its Janus WebSocket.
    pub fn janus(&self) -> String {
        format!("ws://{}/janus", self.ports.http)
    }

    /// What it costs now.
    ///
    /// # Errors
    /// When it is gone.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id().context("the server has ended")?)
    }

    /// What each of its threads has cost until now, by name.
    ///
    /// # Errors
    /// When it is gone.
    pub fn cpu_by_thread(&self) -> Result<BTreeMap<String, Duration>> {
        cpu_by_thread(self.child.id().context("the server has ended")?)
    }

    /// Everything that it wrote until now.
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Asks it to read its file again.
    ///
    /// # Errors
    /// When it is gone.
    pub fn reload(&self) -> Result<()> {
        self.signal(Signal::SIGHUP)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.child.id().context("the server has ended already")?;
        Ok(kill(Pid::from_raw(pid.try_into()?), signal)?)
    }

    /// Asks it to end as Ctrl-C does and waits until it has. Returns its log as well.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> Result<Refusal> {
        self.signal(Signal::SIGINT)?;
        let status = patiently("the server to end", self.child.wait()).await??;
        Ok(Refusal {
            status,
            lines: self.log.complete().await,
        })
    }

    /// Ends it without notice, as a crash does.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

impl Ports {
    /// Two ports of the loopback interface that nobody uses.
    ///
    /// They come from below the range that the kernel gives to outgoing connections, and from this
    /// program's own [`Window`], so that nobody takes one between this call and the server's start.
    ///
    /// # Errors
    /// When there are none.
    pub fn free() -> Result<Ports> {
        static WINDOW: OnceLock<Option<Window>> = OnceLock::new();
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let window = WINDOW.get_or_init(Window::open);
        let window = window.as_ref().context("other tests have all ports")?;
        for _ in 1..Window::SIZE {
            let next = NEXT.fetch_add(1, Ordering::Relaxed) % (Window::SIZE - 1);
            let address = SocketAddr::from(([127, 0, 0, 1], window.first + 1 + next));
            if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
                return Ok(Ports {
                    http: address,
                    rtc: address,
                });
            }
        }
        bail!("no free port")
    }
}

/// Ports that one test program has for itself: whoever listens at the first has the others too.
#[derive(Debug)]
struct Window {
    first: u16,
    _claim: TcpListener,
}

impl Window {
    const SIZE: u16 = 64;

    fn open() -> Option<Window> {
        let mut firsts = (20_000..32_000).step_by(usize::from(Window::SIZE));
        firsts.find_map(|first| {
            let claim = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).ok()?;
            Some(Window {
                first,
                _claim: claim,
            })
        })
    }
}

/// The binary under test: `FANLIGHT_BIN`, or the one that cargo built beside this executable.
///
/// # Errors
/// When there is none.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("FANLIGHT_BIN") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("fanlight"))
        .find(|path| path.is_file())
        .context("no server to test: `cargo build -p fanlight`, or set FANLIGHT_BIN")
}
