//! The records of DTLS 1.2, and the pieces of handshake messages in them (RFC 6347 section 4).

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
/// The types of records, and the first byte of their version (254 stands for 1).
const KINDS: std::ops::RangeInclusive<u8> = 20..=23;
const MAJOR: u8 = 254;

/// The first message of a client.
pub(super) const CLIENT_HELLO: u8 = 1;

/// A record.
pub(super) struct Record<'a> {
    kind: u8,
    pub(super) is_encrypted: bool,
    /// With its header.
    pub(super) whole: &'a [u8],
    body: &'a [u8],
}

/// A piece of a handshake message.
pub(super) struct Fragment<'a> {
    /// The type of the message.
    pub(super) kind: u8,
    /// Of the whole message, in bytes.
    pub(super) length: usize,
    /// Counts the messages of one end.
    pub(super) number: u16,
    pub(super) offset: usize,
    pub(super) body: &'a [u8],
}

/// Reads numbers and vectors as TLS writes them.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// The records of a datagram; `None` where it does not consist of records as DTLS writes them. Such
/// ones are to be thrown away without a word (section 4.1.2.7); the crate would end the handshake.
pub(super) fn records(datagram: &[u8]) -> Option<Vec<Record<'_>>> {
    let mut reader = Reader(datagram);
    let mut records = Vec::new();
    while !reader.0.is_empty() {
        records.push(reader.record().filter(Record::is_readable)?);
    }
    Some(records)
}

impl<'a> Record<'a> {
    pub(super) fn is_handshake(&self) -> bool {
        self.kind == HANDSHAKE
    }

    /// The pieces of messages in it, up to one that cannot be read. What is encrypted has none.
    pub(super) fn fragments(&self) -> impl Iterator<Item = Fragment<'a>> + use<'a> {
        let is_plain = self.is_handshake() && !self.is_encrypted;
        let mut reader = Reader(if is_plain { self.body } else { &[] });
        std::iter::from_fn(move || reader.fragment())
    }

    /// What is encrypted cannot be judged.
    fn is_readable(&self) -> bool {
        self.is_encrypted
            || match self.kind {
                HANDSHAKE => Reader(self.body).are_fragments(),
                ALERT => self.body.len() == 2,
                CHANGE_CIPHER_SPEC => self.body == [1],
                _ => false,
            }
    }
}

impl<'a> Reader<'a> {
    fn record(&mut self) -> Option<Record<'a>> {
        let from = self.0;
        let kind = self.byte()?;
        let major = self.byte()?;
        self.bytes(1)?;
        let epoch = self.number::<2>()?;
        self.bytes(6)?; // number
        let body = self.vector::<2>()?;
        let whole = from.get(..from.len() - self.0.len())?;
        (KINDS.contains(&kind) && major == MAJOR).then_some(Record {
            kind,
            is_encrypted: epoch != 0,
            whole,
            body,
        })
    }

    /// Whether these are pieces of handshake messages that fit where they belong.
    fn are_fragments(mut self) -> bool {
        while !self.0.is_empty() {
            let fits = self
                .fragment()
                .is_some_and(|piece| piece.offset + piece.body.len() <= piece.length);
            if !fits {
                return false;
            }
        }
        true
    }

    fn fragment(&mut self) -> Option<Fragment<'a>> {
        let kind = self.byte()?;
        let length = self.number::<3>()?;
        let number = u16::try_from(self.number::<2>()?).ok()?;
        let offset = self.number::<3>()?;
        let body = self.vector::<3>()?;
        Some(Fragment {
            kind,
            length,
            number,
            offset,
            body,
        })
    }

    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    pub(super) fn number<const BYTES: usize>(&mut self) -> Option<usize> {
        let bytes = self.bytes(BYTES)?;
        Some(
            bytes
                .iter()
                .fold(0, |number, byte| number << 8 | usize::from(*byte)),
        )
    }

    pub(super) fn vector<const LENGTH_BYTES: usize>(&mut self) -> Option<&'a [u8]> {
        let length = self.number::<LENGTH_BYTES>()?;
        self.bytes(length)
    }
}

/// Records and messages as tests write them.
#[cfg(test)]
pub(super) mod testing {
    use super::*;

    pub(in crate::peer) fn vector<const LENGTH_BYTES: usize>(body: &[u8]) -> Vec<u8> {
        let length = body.len().to_be_bytes();
        [&length[8 - LENGTH_BYTES..], body].concat()
    }

    /// A record with this part of a message.
    pub(in crate::peer) fn record(
        kind: u8,
        number: u16,
        message: &[u8],
        part: std::ops::Range<usize>,
    ) -> Vec<u8> {
        let three = |number: usize| number.to_be_bytes()[5..].to_vec();
        let fragment = [
            vec![kind],
            three(message.len()),
            number.to_be_bytes().to_vec(),
            three(part.start),
            vector::<3>(&message[part]),
        ];
        [
            vec![HANDSHAKE, 254, 253],
            vec![0; 8],
            vector::<2>(&fragment.concat()),
        ]
        .concat()
    }

    /// A record that cannot be read.
    pub(in crate::peer) fn encrypted(kind: u8) -> Vec<u8> {
        [&[kind, 254, 253, 0, 1], &[0; 6][..], &[0, 3, 9, 9, 9]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{encrypted, record};
    use super::*;

    fn are_well_formed(datagram: &[u8]) -> bool {
        records(datagram).is_some()
    }

    #[test]
    fn only_records_are_well_formed() {
        let message = [7; 100];
        let [first, second] = [0..40, 40..100].map(|part| record(CLIENT_HELLO, 0, &message, part));
        assert!(are_well_formed(&first) && are_well_formed(&[first.clone(), second].concat()));
        assert!(are_well_formed(
            &[[21, 254, 253].as_slice(), &[0; 8], &[0, 2, 1, 0]].concat()
        ));
        assert!(are_well_formed(&encrypted(HANDSHAKE)));
        for position in [0, 1] {
            let mut bent = first.clone();
            bent[position] = 99;
            assert!(!are_well_formed(&bent), "{position}");
        }
        // A length that the rest does not have; a fragment that ends after its message.
        assert!(!are_well_formed(&first[..first.len() - 1]));
        let mut bent = first;
        bent[14..17].fill(0);
        assert!(!are_well_formed(&bent));
    }
}
