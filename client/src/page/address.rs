//! Where the server of this page is.

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

    use super::socket_url;

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
