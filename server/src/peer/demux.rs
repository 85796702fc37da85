//! What kind of datagram it is, by its first bytes (RFC 7983), and whom a STUN check is for.

/// The kinds of datagrams that share the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A STUN request: a check of a path (RFC 8445).
    Check,
    /// A STUN response: the answer to a check of ours.
    CheckAnswer,
    /// A DTLS record.
    Dtls,
    /// An SRTCP packet.
    Rtcp,
    /// An SRTP packet. Viewers send none.
    Rtp,
}

const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const STUN_HEADER: usize = 20;
const USERNAME: u16 = 0x0006;

/// Tells what `datagram` looks like; `None` for what is none of ours.
pub(super) fn kind(datagram: &[u8]) -> Option<Kind> {
    match datagram {
        [first @ 0..=3, second, ..] if is_stun(datagram) => {
            // The two bits of the class lie apart in the type: RFC 8489 section 5.
            match (first & 1, second & 0x10) {
                (0, 0) => Some(Kind::Check),
                (1, 0) => Some(Kind::CheckAnswer),
                _ => None,
            }
        }
        [20..=63, ..] => Some(Kind::Dtls),
        // RTCP packet types as they show in the second byte: RFC 5761 section 4.
        [128..=191, 192..=223, ..] => Some(Kind::Rtcp),
        [128..=191, _, ..] => Some(Kind::Rtp),
        _ => None,
    }
}

fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= STUN_HEADER && datagram.get(4..8) == Some(&MAGIC_COOKIE)
}

/// The fragment of the user name of the one whom the check is for: what stands before the colon in
/// USERNAME (RFC 8445 section 7.2.2).
pub(super) fn ufrag(check: &[u8]) -> Option<&str> {
    let mut attributes = check.get(STUN_HEADER..)?;
    loop {
        let [a, b, c, d, rest @ ..] = attributes else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([*c, *d]));
        if u16::from_be_bytes([*a, *b]) == USERNAME {
            let name = std::str::from_utf8(rest.get(..length)?).ok()?;
            return Some(name.split_once(':')?.0);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 0];
        bytes.extend(MAGIC_COOKIE);
        bytes.extend([7; 12]);
        for (kind, value) in attributes {
            bytes.extend(kind.to_be_bytes());
            bytes.extend((value.len() as u16).to_be_bytes());
            bytes.extend(*value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    #[test]
    fn the_first_bytes_tell_the_kinds_apart() {
        let mut response = check(&[]);
        response[0] = 1;
        let mut indication = check(&[]);
        indication[1] = 0x11;
        assert_eq!(kind(&check(&[])), Some(Kind::Check));
        assert_eq!(kind(&response), Some(Kind::CheckAnswer));
        assert_eq!(kind(&indication), None);
        assert_eq!(kind(&[22, 254, 253]), Some(Kind::Dtls));
        assert_eq!(kind(&[0x81, 206, 0, 2]), Some(Kind::Rtcp));
        assert_eq!(kind(&[0x80, 96, 0, 1]), Some(Kind::Rtp));
        assert_eq!(kind(b"GET / HTTP/1.1"), None);
    }

    #[test]
    fn a_check_names_the_fragment_it_is_for_wherever_the_user_name_stands() {
        let first = check(&[(USERNAME, b"ours:theirs"), (0x24, &[0; 4])]);
        let last = check(&[(0x8022, b"agent"), (0x24, &[0; 4]), (USERNAME, b"o:t")]);
        assert_eq!(ufrag(&first), Some("ours"));
        assert_eq!(ufrag(&last), Some("o"));
    }

    #[test]
    fn a_check_without_a_user_name_is_for_nobody() {
        assert_eq!(ufrag(&check(&[])), None);
        assert_eq!(ufrag(&check(&[(0x8022, b"agent")])), None);
        assert_eq!(ufrag(&check(&[(USERNAME, b"no colon")])), None);
        assert_eq!(ufrag(&check(&[(USERNAME, &[0xff, b':'])])), None);
    }

    #[test]
    fn no_datagram_is_too_strange() {
        let whole = check(&[(0x8022, b"agent"), (USERNAME, b"ours:theirs")]);
        for length in 0..whole.len() {
            let _ = (kind(&whole[..length]), ufrag(&whole[..length]));
            let mut bent = whole.clone();
            bent[length] ^= 0xff;
            let _ = (kind(&bent), ufrag(&bent));
        }
    }
}
