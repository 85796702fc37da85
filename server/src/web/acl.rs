//! Which addresses may use an API.

use std::net::IpAddr;
use std::str::FromStr;

/// The addresses that may. Everybody may if there are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acl(pub(crate) Vec<AclEntry>);

/// One address, or all that begin alike, as Janus writes them: `192.168.0.`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AclEntry {
    Address(IpAddr),
    Beginning(String),
}

impl Acl {
    /// Whether a client from this address may.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        // A socket for both IPv4 and IPv6 has IPv4 addresses in IPv6 form.
        let address = address.to_canonical();
        let fits = |entry: &AclEntry| match entry {
            AclEntry::Address(allowed) => *allowed == address,
            AclEntry::Beginning(beginning) => address.to_string().starts_with(beginning),
        };
        self.0.is_empty() || self.0.iter().any(fits)
    }
}

impl FromStr for AclEntry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        let known = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
        // Without it, `10.1` would be `10.1.0.1` and `10.100.0.1` as well.
        let ends_a_part = text.ends_with(['.', ':']);
        if !ends_a_part || !text.chars().all(known) {
            return Err(
                "write an address, or its beginning with the dot or colon, as in `192.168.`",
            );
        }
        Ok(Self::Beginning(text.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entries: &[&str], address: &str) -> bool {
        let entries = entries.iter().map(|entry| entry.parse().unwrap());
        Acl(entries.collect()).allows(address.parse().unwrap())
    }

    #[test]
    fn everybody_may_without_a_list_and_those_on_it_with_one() {
        assert!(allows(&[], "192.0.2.1"));
        let list = ["127.", "192.168.0.", "10.0.0.1", "2001:DB8:", "::1"];
        for address in ["127.0.0.1", "192.168.0.7", "::ffff:192.168.0.7", "10.0.0.1"] {
            assert!(allows(&list, address), "{address}");
        }
        for address in ["2001:db8::1", "::1"] {
            assert!(allows(&list, address), "{address}");
        }
        for address in ["192.0.2.1", "192.168.1.1", "10.0.0.10", "2001:db9::1"] {
            assert!(!allows(&list, address), "{address}");
        }
    }

    #[test]
    fn a_beginning_ends_with_a_whole_part() {
        for bad in [
            "",
            "192.168",
            "10.1",
            "localhost",
            "192.168.0.0/16",
            "10.*.",
        ] {
            assert!(bad.parse::<AclEntry>().is_err(), "{bad}");
        }
    }
}
