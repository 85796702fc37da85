//! A NAT between a browser and a server, which can forget who is behind it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Result;
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The largest datagram.
const LARGEST: usize = 65_535;

/// A running NAT for one browser. Dropping it ends it.
#[derive(Debug)]
pub struct Nat {
    inside: SocketAddr,
    server: SocketAddr,
    forgets: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Nat {
    /// Stands before the UDP port of a server.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn before(server: SocketAddr) -> Result<Nat> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let forgets = Arc::new(Notify::new());
        Ok(Nat {
            inside: socket.local_addr()?,
            server,
            forgets: Arc::clone(&forgets),
            task: tokio::spawn(async move {
                // What fails is the browser's to find out: no more of its packets are passed.
                pass(socket, server, &forgets).await.ok();
            }),
        })
    }

    /// A script for [`before_pages`](crate::browser::Browser::before_pages), by which a page's peer
    /// connections take this for the server.
    pub fn script(&self) -> String {
        format!(
            "const through = text => text.replaceAll(' {} typ host', ' {} typ host');
             const {{ setRemoteDescription, addIceCandidate }} = RTCPeerConnection.prototype;
             Object.assign(RTCPeerConnection.prototype, {{
                 setRemoteDescription({{ type, sdp }}) {{
                     return setRemoteDescription.call(this, {{ type, sdp: through(sdp) }});
                 }},
                 addIceCandidate(init) {{
                     const candidate = init?.candidate && through(init.candidate);
                     return addIceCandidate.call(this, init && {{ ...init, candidate }});
                 }},
             }});",
            self.server.port(),
            self.inside.port(),
        )
    }

    /// Lets the browser have another port from now on, as after a pause or another way out. What
    /// is sent to the old one is lost.
    pub fn forget(&self) {
        self.forgets.notify_one();
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(inside: UdpSocket, server: SocketAddr, forgets: &Notify) -> Result<()> {
    let mut outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut browser = None;
    let (mut from_inside, mut from_outside) = (vec![0; LARGEST], vec![0; LARGEST]);
    loop {
        tokio::select! {
            () = forgets.notified() => {
                outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            }
            received = inside.recv_from(&mut from_inside) => {
                let (length, sender) = received?;
                browser = Some(sender);
                outside.send_to(from_inside.get(..length).unwrap_or_default(), server).await?;
            }
            received = outside.recv_from(&mut from_outside) => {
                let (length, _) = received?;
                if let Some(browser) = browser {
                    inside.send_to(from_outside.get(..length).unwrap_or_default(), browser).await?;
                }
            }
        }
    }
}
