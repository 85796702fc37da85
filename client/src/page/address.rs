//! What the page's address says: where the server is, what to watch, and by what right.

use crate::janus::{Credentials, MountpointId, Watch, WatchParams};

/// What the page's address says about what it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The mountpoint to watch (`?stream=ID`); the server chooses otherwise.
    pub stream: Option<MountpointId>,
    /// What proves that the page may (`#apisecret=…`, `#token=…`).
    pub credentials: Credentials,
    /// The PIN of a mountpoint, or of what the server chooses (`#pin=…`, or as it was typed).
    pin: Option<(Option<MountpointId>, String)>,
}

impl Address {
    /// Reads the query and the fragment of an address. Secrets are read from the fragment alone:
    /// browsers send that to nobody, so it gets into no server's log.
    pub fn read(query: &str, fragment: &str) -> Self {
        let stream = parameter(query, "stream");
        let stream = stream.and_then(|id| id.parse().ok().map(MountpointId));
        Self {
            stream,
            credentials: Credentials {
                api_secret: parameter(fragment, "apisecret"),
                token: parameter(fragment, "token"),
            },
            pin: parameter(fragment, "pin").map(|pin| (stream, pin)),
        }
    }

    /// A mountpoint, or what the server chooses: with the PIN if that is known, and with its sound.
    pub fn watch(&self, stream: Option<MountpointId>) -> Watch {
        let pin = self.pin.as_ref().filter(|(of, _)| *of == stream);
        let pin = pin.map(|(_, pin)| pin.clone());
        match stream {
            Some(id) => Watch::Mountpoint { id, pin },
            None => Watch::Ustreamer {
                params: Some(WatchParams {
                    audio: true,
                    ..WatchParams::default()
                }),
                pin,
            },
        }
    }

    /// Somebody has typed the PIN of a mountpoint, or of what the server chooses.
    pub fn learn_pin(&mut self, stream: Option<MountpointId>, pin: String) {
        self.pin = Some((stream, pin));
    }
}

/// The address, relative to this page, of the page that shows a mountpoint. What lets one in here does
/// so there; a PIN is that of one mountpoint only, and is not handed on.
pub fn link(id: MountpointId) -> String {
    link_beside(
        &leptos::prelude::window()
            .location()
            .hash()
            .unwrap_or_default(),
        id,
    )
}

fn link_beside(fragment: &str, id: MountpointId) -> String {
    let mut link = ["?stream=", &id.0.to_string()].concat();
    let pairs = fragment.trim_start_matches('#').split('&');
    let kept = pairs.filter(|pair| !pair.is_empty() && !pair.starts_with("pin="));
    for (place, pair) in kept.enumerate() {
        link.push(if place == 0 { '#' } else { '&' });
        link.push_str(pair);
    }
    link
}

/// The value of a parameter in a query or fragment. A plus sign is one, unlike in forms: tokens are
/// full of them.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let pairs = text.trim_start_matches(['?', '#']).split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == wanted)?;
    let decoded = js_sys::decode_uri_component(value).ok();
    Some(decoded.map_or_else(|| value.to_owned(), String::from))
}

/// The URL of the Janus WebSocket that belongs to the page at `page` (`http:` or `https:`).
///
/// It is beside the page, wherever that is: behind a proxy that moves Fanlight to a folder, or
/// that of `trunk serve`, the page finds its server all the same.
pub fn socket_url(page: &str) -> Option<String> {
    let (scheme, rest) = page.split_once("://")?;
    let scheme = match scheme {
        "http" => "ws",
        "https" => "wss",
        _ => return None,
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let place = rest.get(..end)?;
    let folder = match place.rfind('/') {
        Some(slash) => place.get(..slash)?,
        None => place,
    };
    Some([scheme, "://", folder, "/janus/ws"].concat())
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn an_address_without_parameters_leaves_the_choice_to_the_server() {
        assert_eq!(Address::read("", ""), Address::default());
        let watch = Address::read("", "#pin=1").watch(None);
        let Watch::Ustreamer { params, pin } = watch else {
            panic!("{watch:?}");
        };
        assert!(params.unwrap().audio);
        assert_eq!(pin.as_deref(), Some("1"));
    }

    #[wasm_bindgen_test]
    fn a_stream_is_chosen_by_its_number() {
        let id = MountpointId(10);
        assert_eq!(Address::read("?a=b&stream=10", "").stream, Some(id));
        assert_eq!(link_beside("", id), "?stream=10");
        assert_eq!(Address::read("?stream=ten", "").stream, None);
    }

    #[wasm_bindgen_test]
    fn secrets_are_read_from_the_fragment() {
        let address = Address::read("?stream=10", "#token=a+b%2F%3D&apisecret=s&pin=12%2034");
        assert_eq!(address.credentials.token.as_deref(), Some("a+b/="));
        assert_eq!(address.credentials.api_secret.as_deref(), Some("s"));
        let Watch::Mountpoint { pin, .. } = address.watch(address.stream) else {
            panic!("{address:?}");
        };
        assert_eq!(pin.as_deref(), Some("12 34"));
    }

    #[wasm_bindgen_test]
    fn a_pin_is_that_of_one_mountpoint() {
        let (one, two) = (MountpointId(1), MountpointId(2));
        let mut address = Address::read("?stream=1", "#pin=a");
        let watch = |id, pin: Option<&str>| Watch::Mountpoint {
            id,
            pin: pin.map(str::to_owned),
        };
        assert_eq!(address.watch(Some(one)), watch(one, Some("a")));
        assert_eq!(address.watch(Some(two)), watch(two, None));
        address.learn_pin(Some(two), "b".to_owned());
        assert_eq!(address.watch(Some(two)), watch(two, Some("b")));
    }

    #[wasm_bindgen_test]
    fn a_link_hands_on_what_lets_one_in_but_no_pin() {
        let link = |fragment| link_beside(fragment, MountpointId(2));
        assert_eq!(link("#pin=1234"), "?stream=2");
        assert_eq!(
            link("#token=a%2F&pin=1&apisecret=b"),
            "?stream=2#token=a%2F&apisecret=b"
        );
    }

    #[wasm_bindgen_test]
    fn secrets_in_the_query_are_none() {
        let address = Address::read("?token=a&apisecret=b", "");
        assert_eq!(address, Address::default());
    }

    #[wasm_bindgen_test]
    fn what_cannot_be_decoded_is_taken_as_it_is() {
        let address = Address::read("", "#token=100%");
        assert_eq!(address.credentials.token.as_deref(), Some("100%"));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_socket_is_beside_the_page() {
        for (page, socket) in [
            ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/janus/ws"),
            ("http://[::1]:8080", "ws://[::1]:8080/janus/ws"),
            ("http://pi/index.html", "ws://pi/janus/ws"),
            ("http://pi/cam/?a=/b#/c", "ws://pi/cam/janus/ws"),
            ("http://pi/cam", "ws://pi/janus/ws"),
        ] {
            assert_eq!(socket_url(page).as_deref(), Some(socket), "{page}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_secure_page_has_a_secure_socket() {
        let socket = socket_url("https://camera.example/");
        assert_eq!(socket.as_deref(), Some("wss://camera.example/janus/ws"));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_page_from_a_file_has_no_server() {
        assert_eq!(socket_url("file:///tmp/index.html"), None);
        assert_eq!(socket_url("about:blank"), None);
    }
}
