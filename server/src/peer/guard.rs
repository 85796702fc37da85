//! What of a viewer's DTLS is let in to the crate: what brings the handshake on, and no more of it
//! than a handshake needs.
use super::records::{CLIENT_HELLO, Record, records};
use std::collections::BTreeMap;

/// A handshake takes some ten records and 4 kB. This is a bad network's share, with everything
/// repeated again and again. The crate keeps them all, and its stack grows with the pieces of a
/// message.
const MAX_PIECES: usize = 512;
const MAX_BYTES: usize = 256 << 10;

/// A viewer's messages are far shorter: the longest is a certificate.
const MAX_MESSAGE: usize = 16 << 10;

/// So many times a viewer may say that it has not heard the end of the handshake.
const MAX_ENDS: usize = 32;

/// Looks at what a viewer sends before the crate does.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// What has come of each message.
    messages: BTreeMap<u16, Pieces>,
    pieces: usize,
    bytes: usize,
    ends: usize,
}

/// What has come of a message: where pieces begin, and where they end.
#[derive(Debug, Default)]
struct Pieces {
    length: usize,
    ends: BTreeMap<usize, usize>,
}

impl Guard {
    /// What the crate is to see of a datagram during the handshake, if anything.
    ///
    /// Messages that are there already are held back: the crate takes each for news and no longer
    /// repeats its own, which the viewer, who is repeating its own, then waits for in vain.
    pub(super) fn in_handshake<'a>(&mut self, datagram: &'a [u8]) -> Option<&'a [u8]> {
        let records = records(datagram)?;
        let pieces = |record: &Record<'_>| record.fragments().count().max(1);
        self.pieces += records.iter().map(pieces).sum::<usize>();
        self.bytes += datagram.len();
        if self.pieces > MAX_PIECES || self.bytes > MAX_BYTES {
            return None;
        }
        // What is no piece of a message is not held back.
        let mut is_news = records
            .iter()
            .any(|record| record.fragments().next().is_none());
        for fragment in records.iter().flat_map(Record::fragments) {
            if fragment.length > MAX_MESSAGE {
                return None;
            }
            // The answer to the first hello asks for a second one, and is never repeated by itself.
            let asks_again = fragment.kind == CLIENT_HELLO && !self.is_complete(1);
            is_news |= asks_again || !self.is_complete(fragment.number);
            let message = self.messages.entry(fragment.number).or_default();
            message.length = fragment.length;
            let end = message.ends.entry(fragment.offset).or_default();
            *end = (*end).max(fragment.offset + fragment.body.len());
        }
        is_news.then_some(datagram)
    }

    /// What the crate is to see of a datagram once the handshake is complete: what is encrypted.
    /// There is nothing else to be said any more, and what is said is not forgotten.
    pub(super) fn afterwards(&mut self, datagram: &[u8]) -> Vec<u8> {
        let mut records = records(datagram).unwrap_or_default();
        records.retain(|record| record.is_encrypted);
        let ends = records.iter().filter(|record| record.is_handshake());
        self.ends += ends.count();
        let may_end = self.ends <= MAX_ENDS;
        records.retain(|record| may_end || !record.is_handshake());
        let wholes: Vec<_> = records.iter().map(|record| record.whole).collect();
        wholes.concat()
    }

    fn is_complete(&self, number: u16) -> bool {
        self.messages.get(&number).is_some_and(Pieces::are_complete)
    }
}

impl Pieces {
    fn are_complete(&self) -> bool {
        let mut known = 0;
        for (offset, end) in &self.ends {
            if *offset > known {
                return false;
            }
            known = known.max(*end);
        }
        known == self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::records::testing::{encrypted, record};
    use crate::peer::records::{ALERT, HANDSHAKE};

    const CERTIFICATE: u8 = 11;

    #[test]
    fn a_message_that_is_there_is_not_let_in_again() {
        let mut guard = Guard::default();
        let certificate = |part| record(CERTIFICATE, 2, &[7; 900], part);
        let [first, second] = [certificate(0..500), certificate(500..900)];
        for new in [&first, &first, &second] {
            assert_eq!(guard.in_handshake(new), Some(&new[..]));
        }
        for old in [&first, &second, &certificate(0..900)] {
            assert_eq!(guard.in_handshake(old), None);
        }
        let with_news = [second, record(CERTIFICATE, 3, &[7; 9], 0..9)].concat();
        assert_eq!(guard.in_handshake(&with_news), Some(&with_news[..]));
    }

    #[test]
    fn the_first_hello_is_let_in_until_the_second_has_come() {
        let mut guard = Guard::default();
        let hello = |number| record(CLIENT_HELLO, number, &[7; 90], 0..90);
        let [first, second] = [hello(0), hello(1)];
        for hello in [&first, &first, &second] {
            assert!(guard.in_handshake(hello).is_some());
        }
        for hello in [&first, &second] {
            assert!(guard.in_handshake(hello).is_none());
        }
    }

    #[test]
    fn a_handshake_has_its_bounds() {
        let long = [7; MAX_MESSAGE + 1];
        let mut guard = Guard::default();
        let too_long = record(CERTIFICATE, 2, &long, 0..9);
        assert!(guard.in_handshake(&too_long).is_none());

        let bit = |offset| record(CERTIFICATE, 2, &long[1..], offset..offset + 1);
        let mut offsets = (0..MAX_MESSAGE).rev();
        let let_in = offsets.position(|offset| guard.in_handshake(&bit(offset)).is_none());
        assert_eq!(let_in, Some(MAX_PIECES - 1));

        let mut guard = Guard::default();
        let early = encrypted(HANDSHAKE).repeat(50);
        let let_in = (0..).position(|_| guard.in_handshake(&early).is_none());
        assert_eq!(let_in, Some(MAX_PIECES / 50));
    }

    #[test]
    fn afterwards_only_what_is_encrypted_is_let_in() {
        let mut guard = Guard::default();
        let (plain, alert) = (record(CERTIFICATE, 2, &[7; 9], 0..9), encrypted(ALERT));
        assert!(guard.afterwards(&plain).is_empty());
        assert_eq!(guard.afterwards(&[plain, alert.clone()].concat()), alert);

        let end = encrypted(HANDSHAKE);
        let let_in = (0..).position(|_| guard.afterwards(&end).is_empty());
        assert_eq!(let_in, Some(MAX_ENDS));
        assert_eq!(guard.afterwards(&alert), alert);
    }
}
