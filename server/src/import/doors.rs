//! Where clients come in, and which of them may. Each transport of Janus has lists of its own;
//! Fanlight has one for all addresses. Where theirs differ, only who is in all of them is let in.

use std::net::{IpAddr, SocketAddr};

use super::Import;
use crate::web::AclEntry;

/// No client comes from this address.
const NOBODY: &str = "0.0.0.0";

/// A transport of Janus that listens for one of the two APIs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Door {
    /// File and group.
    pub(super) place: String,
    pub(super) address: SocketAddr,
    /// How addresses begin that may come in, in Janus' words; `None` for all.
    pub(super) acl: Option<Vec<String>>,
    /// Whose pages may; `None` for all.
    pub(super) origins: Option<Vec<String>>,
}

impl Import {
    /// Sets what the transports say together.
    pub(super) fn open_doors(&mut self) {
        let doors = std::mem::take(&mut self.doors);
        self.listen(&doors, "listen", "acl");
        if let Some(secret) = self.admin_secret.take() {
            // The secret alone would switch the API on here, and packages come with a well-known
            // one.
            if self.admin_doors.is_empty() {
                let reason = "no transport has the admin API switched on, so it stays off";
                let place = "janus.jcfg: general";
                self.remarks.add(place, "admin_secret", reason);
            } else {
                let doors = std::mem::take(&mut self.admin_doors);
                self.listen(&doors, "admin-listen", "admin-acl");
                self.options.set("admin-secret", secret);
            }
        } else if let Some(Door { place, .. }) = self.admin_doors.first() {
            let reason = "the admin API stays off without `admin_secret`";
            self.remarks.add(place, "admin_secret", reason);
        }
        self.admit_pages(&doors);
    }

    fn listen(&mut self, doors: &[Door], listen: &'static str, acl: &'static str) {
        for door in doors {
            self.options.add(listen, door.address.to_string());
        }
        let lists = doors.iter().map(|door| (door, door.acl.as_ref()));
        if let Some(beginnings) = self.agreed(lists.collect(), acl, narrower) {
            let place = doors.first().map_or("", |door| &door.place);
            let mut entries: Vec<String> = beginnings
                .iter()
                .filter_map(|beginning| self.acl_entry(place, acl, beginning))
                .collect();
            if entries.is_empty() {
                let reason = "nobody is let in: write here who is to be";
                self.remarks.add(place, acl, reason);
                entries.push(NOBODY.to_owned());
            }
            for entry in entries {
                self.options.add(acl, entry);
            }
        }
    }

    /// What Janus compares addresses with, as text, to what Fanlight does, whole parts at a time.
    fn acl_entry(&mut self, place: &str, acl: &'static str, beginning: &str) -> Option<String> {
        let is_entry = |text: &String| text.parse::<AclEntry>().is_ok();
        let end = match beginning.contains(':') {
            true => ":",
            false => ".",
        };
        let whole = beginning.to_owned();
        if is_entry(&whole) {
            return Some(whole);
        }
        let part = Some(format!("{beginning}{end}")).filter(is_entry);
        let reason = match &part {
            Some(part) => format!("`{beginning}` becomes `{part}`, which ends with a whole part"),
            None => format!("no address begins with `{beginning}`"),
        };
        self.remarks.add(place, acl, reason);
        part
    }

    fn admit_pages(&mut self, doors: &[Door]) {
        let lists = doors.iter().map(|door| (door, door.origins.as_ref()));
        let both = |a: &str, b: &str| a.eq_ignore_ascii_case(b).then(|| a.to_owned());
        match self.agreed(lists.collect(), "allow_origin", both) {
            Some(origins) => {
                for origin in origins {
                    self.options.add("allow-origin", origin);
                }
            }
            None => {
                for door in doors {
                    let reason = "Janus lets every page in, and so does this `allow-origin`: \
                                  better name those that may watch";
                    self.remarks.add(&door.place, "allow_origin", reason);
                    self.options.add("allow-origin", "*");
                }
            }
        }
    }

    /// What is in the lists of all doors, by `both`, which compares two of them; `None` if no door
    /// has a list. Says where that is less than the door's own.
    fn agreed(
        &mut self,
        lists: Vec<(&Door, Option<&Vec<String>>)>,
        setting: &str,
        both: impl Fn(&str, &str) -> Option<String>,
    ) -> Option<Vec<String>> {
        let given = lists.iter().filter_map(|(_, list)| list.cloned());
        let agreed = given.reduce(|left, right| {
            let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
            let mut agreed: Vec<String> = pairs.filter_map(|(a, b)| both(a, b)).collect();
            agreed.dedup();
            agreed
        })?;
        for (door, list) in lists {
            if list.is_none_or(|list| *list != agreed) {
                let reason = "one list holds for all addresses of `listen`: here, too, only those \
                              are let in whom the other transport lets in";
                self.remarks.add(&door.place, setting, reason);
            }
        }
        Some(agreed)
    }
}

/// The longer of two beginnings, if whatever begins with it begins with the other as well.
fn narrower(a: &str, b: &str) -> Option<String> {
    // Of a whole address nothing is longer that is an address.
    let is_whole = |text: &str| text.parse::<IpAddr>().is_ok();
    if a.starts_with(b) && (a == b || !is_whole(b)) {
        Some(a.to_owned())
    } else if b.starts_with(a) && !is_whole(a) {
        Some(b.to_owned())
    } else {
        None
    }
}
