//! A network of a test's own: no port is taken, and there is an interface that is not loopback.
//!
//! Janus leaves the loopback interface out of its candidates, and Chromium gathers none without a
//! default route. So a program that needs either is started again in a network namespace with
//! one end of a veth pair and a route through it. The namespaces of processes and users are its
//! own as well: it needs no root where the kernel lets users make namespaces, and when it ends, in
//! whatever way, the kernel ends all that it started.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::skip;

/// The address that is not loopback, inside.
pub const ADDRESS: &str = "10.77.0.1";

/// The interface that has [`ADDRESS`].
pub const INTERFACE: &str = "fanlight0";

/// Says that this program is inside already.
const INSIDE: &str = "FANLIGHT_OWN_NETWORK";

/// Makes the network and starts in it what follows. The shell stays: the first process of a
/// namespace is deaf to signals that it does not handle, and should be no test.
const SET_UP: &str = "set -e
ip link set lo up
ip link add fanlight0 type veth peer name fanlight1
ip address add 10.77.0.1/24 dev fanlight0
ip link set fanlight0 up
ip link set fanlight1 up
ip route add default via 10.77.0.2
\"$@\" || exit $?";

/// Runs a test in a network of its own, by starting this program again in there for this one
/// test. What it says with [`skip`] and [`report`](crate::report) is repeated here. On a machine
/// that has no such networks the test is skipped.
///
/// # Errors
/// What the test returns, or that it failed inside.
pub async fn in_own_network(test: &str, body: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    if is_inside() {
        return body().await;
    }
    if let Err(missing) = is_possible() {
        skip(test, missing);
        return Ok(());
    }
    run_inside(test).await
}

/// The same for a test that needs no other network, only these ports for itself: where there are no
/// networks of one's own, it runs here, unless somebody has one of them.
///
/// # Errors
/// As [`in_own_network`].
pub async fn alone(
    test: &str,
    ports: &[u16],
    body: impl AsyncFnOnce() -> Result<()>,
) -> Result<()> {
    if is_inside() {
        return body().await;
    }
    if is_possible().is_ok() {
        return run_inside(test).await;
    }
    let is_taken = |port: &&u16| {
        let address = (Ipv4Addr::UNSPECIFIED, **port);
        TcpListener::bind(address).is_err() || UdpSocket::bind(address).is_err()
    };
    if let Some(port) = ports.iter().find(is_taken) {
        skip(
            test,
            format_args!("port {port} is taken, and no network can be made here"),
        );
        return Ok(());
    }
    body().await
}

/// Starts this program again in a network of its own, for this one test.
async fn run_inside(test: &str) -> Result<()> {
    let output = tokio::process::Command::from(inside()?)
        .args([test, "--nocapture", "--test-threads=1"])
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut rest = String::new();
    for line in said.lines() {
        // libtest has begun a line of its own before the test's first.
        let told = ["SKIPPED: ", "REPORT: "]
            .into_iter()
            .find_map(|kind| Some((kind, line.split_once(kind)?.1)));
        match told {
            Some((kind, told)) => crate::tell(kind, told),
            // So that nobody takes its results for those of this program.
            None => rest += &format!("    | {line}\n"),
        }
    }
    // A name that is not found would be a success of no tests.
    let passed = output.status.success() && said.contains("test result: ok. 1 passed");
    ensure!(
        passed,
        "in its own network ({}):\n{rest}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Starts this program again, with the same arguments, in a network of its own and waits for its
/// end. Inside already, it does nothing and returns `None`: the program goes on.
///
/// # Errors
/// When this machine has no such networks.
pub fn enter() -> Result<Option<ExitStatus>> {
    if is_inside() {
        return Ok(None);
    }
    is_possible()?;
    let status = inside()?.args(std::env::args_os().skip(1)).status()?;
    Ok(Some(status))
}

/// Whether this program is in a network of its own.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// This program, to be started in a new network.
fn inside() -> Result<Command> {
    let mut command = unshare();
    command
        .args(["sh", "-c", SET_UP, "sh"])
        .arg(std::env::current_exe()?)
        .env(INSIDE, "1");
    Ok(command)
}

fn is_possible() -> Result<()> {
    let output = unshare()
        .args(["ip", "link", "add", "fanlight0", "type", "veth"])
        .stdin(Stdio::null())
        .output()
        .context("no unshare (util-linux) to make a network with")?;
    ensure!(
        output.status.success(),
        "no network can be made here: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// `unshare` with the options that every use needs.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args([
        "--user",
        "--map-root-user",
        "--net",
        "--pid",
        "--mount-proc",
        "--fork",
        "--kill-child",
    ]);
    command
}
