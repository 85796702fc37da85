//! What a ClientHello offers, before the handshake begins (RFC 6347, RFC 5246).
use super::records::{CLIENT_HELLO, Reader, Record, records};
use std::collections::BTreeMap;

/// A hello of several fragments is waited for up to this many datagrams and bytes.
const MAX_DATAGRAMS: usize = 8;
const MAX_LENGTH: usize = 16 << 10;

const USE_SRTP: usize = 14;
const AEAD_AES_128_GCM: [u8; 2] = [0, 7];

/// Collects a ClientHello. With the key shares of these days it takes two datagrams, and browsers
/// shuffle its extensions, so that what we look for may be in either.
#[derive(Debug, Default)]
pub(super) struct Hello {
    datagrams: Vec<Vec<u8>>,
    fragments: BTreeMap<usize, Vec<u8>>,
}

/// What is known of a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// The datagram was no part of one.
    None,
    /// It is not all there.
    Incomplete,
    /// SRTP with AES-128-GCM (RFC 7714), perhaps among others.
    Gcm,
    /// Something else.
    Other,
}

impl Hello {
    /// Adds the next datagram of a handshake.
    pub(super) fn add(&mut self, datagram: &[u8]) -> Offer {
        let hello = self.read(datagram);
        if hello.is_none() && self.fragments.is_empty() {
            return Offer::None;
        }
        self.datagrams.push(datagram.to_vec());
        match hello {
            Some(hello) if offers_gcm(&hello).unwrap_or(false) => Offer::Gcm,
            Some(_) => Offer::Other,
            None if self.datagrams.len() < MAX_DATAGRAMS => Offer::Incomplete,
            None => Offer::Other,
        }
    }

    /// The datagrams so far, in the order they came.
    pub(super) fn take(&mut self) -> Vec<Vec<u8>> {
        self.fragments.clear();
        std::mem::take(&mut self.datagrams)
    }

    /// Reads the fragments in a datagram, and puts the message together when it is complete.
    fn read(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        for fragment in records(datagram)?.iter().flat_map(Record::fragments) {
            if fragment.kind != CLIENT_HELLO || fragment.length > MAX_LENGTH {
                continue;
            }
            self.fragments
                .insert(fragment.offset, fragment.body.to_vec());
            let message = self.assemble();
            if message.len() == fragment.length {
                return Some(message);
            }
        }
        None
    }

    /// The message from its beginning up to the first gap.
    fn assemble(&self) -> Vec<u8> {
        let mut message = Vec::new();
        for (offset, body) in &self.fragments {
            // A retransmission may be cut differently, and overlap.
            let Some(known) = message.len().checked_sub(*offset) else {
                break;
            };
            message.extend_from_slice(body.get(known..).unwrap_or_default());
        }
        message
    }
}

fn offers_gcm(hello: &[u8]) -> Option<bool> {
    let mut hello = Reader(hello);
    hello.bytes(2 + 32)?; // version and random
    hello.vector::<1>()?; // session
    hello.vector::<1>()?; // cookie
    hello.vector::<2>()?; // cipher suites
    hello.vector::<1>()?; // compression methods
    let mut extensions = Reader(hello.vector::<2>()?);
    loop {
        let kind = extensions.number::<2>()?;
        let body = extensions.vector::<2>()?;
        if kind == USE_SRTP {
            let profiles = Reader(body).vector::<2>()?;
            return Some(
                profiles
                    .chunks_exact(2)
                    .any(|profile| profile == AEAD_AES_128_GCM),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::records::testing::{record, vector};

    const GCM: u8 = 7;
    const CM: u8 = 1;

    fn hello(profiles: &[u8]) -> Vec<u8> {
        let profiles: Vec<u8> = profiles.iter().flat_map(|profile| [0, *profile]).collect();
        let use_srtp = [vector::<2>(&profiles), vector::<1>(&[])].concat();
        let extensions = [
            [vec![0, 23], vector::<2>(&[])].concat(),
            [vec![0, 14], vector::<2>(&use_srtp)].concat(),
        ];
        [
            vec![254, 253],
            vec![7; 32],
            vector::<1>(&[]),
            vector::<1>(&[1; 20]),
            vector::<2>(&[0xc0, 0x2b]),
            vector::<1>(&[0]),
            vector::<2>(&extensions.concat()),
        ]
        .concat()
    }

    /// A datagram with this part of the message.
    fn datagram(message: &[u8], part: std::ops::Range<usize>) -> Vec<u8> {
        record(CLIENT_HELLO, 0, message, part)
    }

    #[test]
    fn a_hello_that_offers_gcm_is_recognised() {
        for (profiles, offer) in [
            (&[CM, GCM][..], Offer::Gcm),
            (&[GCM], Offer::Gcm),
            (&[CM], Offer::Other),
        ] {
            let message = hello(profiles);
            let whole = datagram(&message, 0..message.len());
            assert_eq!(Hello::default().add(&whole), offer);
        }
    }

    #[test]
    fn a_hello_in_fragments_is_put_together_in_any_order() {
        let message = hello(&[CM, GCM]);
        let end = message.len();
        let [first, second] = [0..40, 40..end].map(|part| datagram(&message, part));
        for order in [[&first, &second], [&second, &first]] {
            let mut hello = Hello::default();
            assert_eq!(hello.add(order[0]), Offer::Incomplete);
            assert_eq!(hello.add(order[1]), Offer::Gcm);
            assert_eq!(hello.take(), [order[0].clone(), order[1].clone()]);
        }
        let mut cut_anew = Hello::default();
        assert_eq!(cut_anew.add(&first), Offer::Incomplete);
        assert_eq!(cut_anew.add(&datagram(&message, 30..60)), Offer::Incomplete);
        assert_eq!(cut_anew.add(&datagram(&message, 60..end)), Offer::Gcm);
    }

    #[test]
    fn a_hello_that_never_ends_is_not_waited_for() {
        let message = hello(&[GCM]);
        let mut hello = Hello::default();
        let offers = std::iter::repeat_with(|| hello.add(&datagram(&message, 0..40)));
        assert_eq!(
            offers
                .take_while(|offer| *offer == Offer::Incomplete)
                .count(),
            MAX_DATAGRAMS - 1
        );
    }

    #[test]
    fn what_is_no_hello_is_left_out() {
        let message = hello(&[CM, GCM]);
        let whole = datagram(&message, 0..message.len());
        let mut hello = Hello::default();
        assert_eq!(hello.add(&[]), Offer::None);
        assert_eq!(hello.add(&[22, 254, 253, 0]), Offer::None);
        assert_eq!(hello.add(&whole[..whole.len() - 1]), Offer::None);
        assert_eq!(hello.add(&whole), Offer::Gcm);
        assert_eq!(hello.take(), [whole]);
    }

    #[test]
    fn no_datagram_is_too_strange() {
        let message = hello(&[CM, GCM]);
        let whole = datagram(&message, 0..message.len());
        for length in 0..whole.len() {
            let mut hello = Hello::default();
            hello.add(&whole[..length]);
            for bit in 0..8 {
                let mut bent = whole.clone();
                bent[length] ^= 1 << bit;
                hello.add(&bent);
            }
        }
    }
}
