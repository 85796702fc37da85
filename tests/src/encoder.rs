//! An encoder's RTP without an encoder: H.264 of the right shape, which nobody decodes.
//!
//! Where [`feed`](crate::feed) is a real source, this one can be made to lose packets and to send what
//! no encoder would.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use tokio::net::UdpSocket;

/// The payload type of its packets.
pub const PAYLOAD_TYPE: u8 = 96;

/// Pictures from one key frame to the next.
const GROUP: u32 = 15;

/// From one picture to the next, in units of 90 kHz.
const STEP: u32 = 900;

/// The same, in time.
const PAUSE: Duration = Duration::from_millis(10);

/// Payload of a packet, in bytes.
const FRAGMENT: usize = 1_000;

/// Sequence and picture parameter sets of a small picture.
const PARAMETERS: [&[u8]; 2] = [
    &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8],
    &[0x68, 0xce, 0x3c, 0x80],
];

/// A sender to one port of this machine.
#[derive(Debug)]
pub struct Encoder {
    socket: UdpSocket,
    pictures: u32,
    timestamp: u32,
    /// Of the next packet. A test may have it jump.
    pub sequence: u16,
    /// What it is called. A test may have it change.
    pub ssrc: u32,
    /// Of a hundred packets, so many are lost, spread evenly enough.
    pub loss: u32,
    chance: u32,
}

impl Encoder {
    /// One that sends to this port.
    ///
    /// # Errors
    /// When there is no socket.
    pub async fn new(port: u16) -> Result<Encoder> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket
            .connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .await?;
        Ok(Encoder {
            socket,
            pictures: 0,
            timestamp: 0,
            sequence: 0,
            ssrc: 1,
            loss: 0,
            chance: 1,
        })
    }

    /// Sends so many pictures, in the time that they would take.
    ///
    /// # Errors
    /// When the network is gone.
    pub async fn send(&mut self, pictures: u32) -> Result<()> {
        for _ in 0..pictures {
            let is_key = self.pictures.is_multiple_of(GROUP);
            if is_key {
                for set in PARAMETERS {
                    self.packet(set, false).await?;
                }
            }
            // A slice that begins with the first macroblock, cut into FU-A (RFC 6184 section 5.8).
            let (kind, fragments) = if is_key { (5, 6) } else { (1, 2) };
            for number in 0..fragments {
                let last = number + 1 == fragments;
                let edges = u8::from(number == 0) << 7 | u8::from(last) << 6;
                let mut payload = vec![0x88; FRAGMENT];
                payload.splice(..2, [0x7c, kind | edges]);
                self.packet(&payload, last).await?;
            }
            self.pictures += 1;
            self.timestamp = self.timestamp.wrapping_add(STEP);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Sends a datagram as it is.
    ///
    /// # Errors
    /// When the network is gone.
    pub async fn datagram(&self, bytes: &[u8]) -> Result<()> {
        // A port that nobody listens at any more is told of by the next call: no failure of ours.
        self.socket.send(bytes).await.ok();
        Ok(())
    }

    /// The header of the next packet, which is not counted as sent.
    pub fn header(&self, payload_type: u8, marker: bool) -> Vec<u8> {
        let mut header = vec![0x80, payload_type | u8::from(marker) << 7];
        header.extend(self.sequence.to_be_bytes());
        header.extend(self.timestamp.to_be_bytes());
        header.extend(self.ssrc.to_be_bytes());
        header
    }

    async fn packet(&mut self, payload: &[u8], marker: bool) -> Result<()> {
        let packet = [self.header(PAYLOAD_TYPE, marker).as_slice(), payload].concat();
        self.sequence = self.sequence.wrapping_add(1);
        if !self.is_lost() {
            self.datagram(&packet).await?;
        }
        Ok(())
    }

    fn is_lost(&mut self) -> bool {
        // The same in every run (a generator of Lehmer's).
        self.chance = u32::try_from(u64::from(self.chance) * 48_271 % 0x7fff_ffff).unwrap_or(1);
        self.chance % 100 < self.loss
    }
}
