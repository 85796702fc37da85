//! Session descriptions as lines and attributes (RFC 8866), without knowing what they mean.
use thiserror::Error;

/// Why a text is no session description. The wording is Janus', which clients may know.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum SdpError {
    #[error("Invalid SDP (doesn't start with v=)")]
    NoVersion,
    #[error("Invalid line ({} bytes): {line}", line.len())]
    ShortLine { line: String },
    #[error("Invalid line (2nd char is not '='): {line}")]
    NoEqualsSign { line: String },
    #[error("Invalid m= line: {line}")]
    Media { line: String },
    #[error("Missing mandatory lines (o=, s= or m=)")]
    MissingLines,
}

/// A session description.
#[derive(Debug, Default)]
pub(super) struct Sdp<'a> {
    attributes: Attributes<'a>,
    media: Vec<Media<'a>>,
}

/// One `m=` section.
#[derive(Debug)]
pub(super) struct Media<'a> {
    pub(super) kind: &'a str,
    port: u16,
    /// Payload types, in the order of preference.
    pub(super) formats: Vec<&'a str>,
    attributes: Attributes<'a>,
}

/// The `a=` lines of one section, as name and value.
#[derive(Debug, Default)]
struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Sdp<'a> {
    /// Reads the lines; what is unknown is left out.
    pub(super) fn parse(text: &'a str) -> Result<Self, SdpError> {
        if !text.starts_with("v=") {
            return Err(SdpError::NoVersion);
        }
        let mut sdp = Self::default();
        let (mut origin, mut name) = (false, false);
        for line in text.lines().filter(|line| !line.is_empty()) {
            if line.len() < 3 {
                return Err(SdpError::ShortLine {
                    line: line.to_owned(),
                });
            }
            let Some((kind, value)) = line.split_once('=').filter(|(kind, _)| kind.len() == 1)
            else {
                return Err(SdpError::NoEqualsSign {
                    line: line.to_owned(),
                });
            };
            match kind {
                "o" => origin = true,
                "s" => name = true,
                "m" => {
                    let media = Media::parse(value);
                    let unreadable = || SdpError::Media {
                        line: line.to_owned(),
                    };
                    sdp.media.push(media.ok_or_else(unreadable)?);
                }
                "a" => {
                    let attributes = sdp
                        .media
                        .last_mut()
                        .map_or(&mut sdp.attributes, |media| &mut media.attributes);
                    attributes
                        .0
                        .push(value.split_once(':').unwrap_or((value, "")));
                }
                _ => {}
            }
        }
        if !origin || !name || sdp.media.is_empty() {
            return Err(SdpError::MissingLines);
        }
        Ok(sdp)
    }

    /// The section with that identification (RFC 5888), or the one at that position if it has
    /// none.
    pub(super) fn section(&self, mid: &str, index: usize) -> Option<&Media<'a>> {
        let named = self.media.iter().find(|m| m.attribute("mid") == Some(mid));
        let unnamed = || {
            let media = self.media.get(index);
            media.filter(|media| media.attribute("mid").is_none())
        };
        named.or_else(unnamed)
    }

    /// An attribute of the section, or else of the session.
    pub(super) fn attribute(&self, media: &Media<'a>, name: &str) -> Option<&'a str> {
        media
            .attribute(name)
            .or_else(|| self.attributes.all(name).next())
    }
}

impl<'a> Media<'a> {
    fn parse(value: &'a str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let kind = words.next()?;
        // A port may be followed by a number of ports.
        let port = words.next()?.split('/').next()?.parse().ok()?;
        let _protocol = words.next()?;
        Some(Self {
            kind,
            port,
            formats: words.collect(),
            attributes: Attributes::default(),
        })
    }

    /// Whether it is not to be used. A section that only shares the port of another has none of its
    /// own, either: RFC 9143 section 6.
    pub(super) fn is_refused(&self) -> bool {
        self.port == 0 && self.attribute("bundle-only").is_none()
    }

    /// The value of the first attribute of that name; empty for a mere flag.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes(name).next()
    }

    /// The values of all attributes of that name.
    pub(super) fn attributes(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.attributes.all(name)
    }

    /// The value of an attribute that is about one payload type, as `rtpmap` and `fmtp` are.
    pub(super) fn of_format(&self, name: &str, format: &str) -> Option<&'a str> {
        self.attributes(name).find_map(|value| {
            let (about, value) = value.split_once(' ')?;
            (about == format).then_some(value)
        })
    }
}

impl<'a> Attributes<'a> {
    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| *key == name)
            .map(|(_, value)| value.trim())
    }
}
