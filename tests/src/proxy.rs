//! A proxy as people put one before a gateway: one address for a page and for Janus.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The longest first line of a request that is looked for.
const FIRST_LINE: usize = 8 * 1024;

/// A running proxy. Dropping it ends it; connections that it has made live on.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Passes what is for `/janus/…` to one server and all else to another. A connection stays with
    /// the server of its first request: browsers make one of its own for each WebSocket.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(page: SocketAddr, janus: SocketAddr) -> Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Whoever gives up while being passed on has left.
                tokio::spawn(async move { pass(client, page, janus).await.ok() });
            }
        });
        Ok(Proxy { address, task })
    }

    /// The address of the page.
    pub fn page(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, page: SocketAddr, janus: SocketAddr) -> Result<()> {
    let mut begun = Vec::new();
    while !begun.contains(&b'\n') && begun.len() < FIRST_LINE {
        if client.read_buf(&mut begun).await? == 0 {
            return Ok(());
        }
    }
    let is_for_janus = begun.starts_with(b"GET /janus/");
    let mut server = TcpStream::connect(if is_for_janus { janus } else { page }).await?;
    server.write_all(&begun).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
