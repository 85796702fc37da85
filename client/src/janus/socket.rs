//! A WebSocket that speaks Janus' subprotocol and closes when it is dropped.

use fanlight_protocol::SUBPROTOCOL;
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, WebSocket};

/// What happens on a [`Socket`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SocketEvent {
    /// Messages can be sent.
    Opened,
    /// The server sent a message.
    Text(String),
    /// The socket has ended or could never be opened. Nothing follows.
    Closed,
}

/// A WebSocket and who listens to it. Dropping it flushes what was sent and closes.
pub(super) struct Socket {
    socket: WebSocket,
    listener: Closure<dyn FnMut(Event)>,
}

impl Socket {
    /// Begins to connect to `url`. `listener` is never called from within this call.
    ///
    /// # Errors
    ///
    /// When the browser will not even try: `url` is no WebSocket URL, or an insecure one on a
    /// secure page.
    pub(super) fn open(
        url: &str,
        mut listener: impl FnMut(SocketEvent) + 'static,
    ) -> Result<Self, JsValue> {
        let socket = WebSocket::new_with_str(url, SUBPROTOCOL)?;
        let on_event = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            if let Some(event) = read(&event) {
                listener(event);
            }
        });
        let socket = Self {
            socket,
            listener: on_event,
        };
        socket.listen(Some(socket.listener.as_ref().unchecked_ref()));
        Ok(socket)
    }

    /// Sends a message, once the socket is open; on a socket that is closing it is lost, as the
    /// event that follows tells.
    pub(super) fn send(&self, text: &str) {
        // It fails only while the socket is not open yet, when there is nothing to say.
        let _ = self.socket.send_with_str(text);
    }

    /// Errors need no listener: a browser tells nothing of them, and closes the socket next.
    fn listen(&self, listener: Option<&js_sys::Function>) {
        self.socket.set_onopen(listener);
        self.socket.set_onmessage(listener);
        self.socket.set_onclose(listener);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.listen(None);
        let _ = self.socket.close();
    }
}

fn read(event: &Event) -> Option<SocketEvent> {
    if let Some(message) = event.dyn_ref::<MessageEvent>() {
        // Janus speaks in text only; what is binary is not for us.
        return message.data().as_string().map(SocketEvent::Text);
    }
    match event.type_().as_str() {
        "open" => Some(SocketEvent::Opened),
        "close" => Some(SocketEvent::Closed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use futures_channel::mpsc::unbounded;
    use futures_util::StreamExt;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    use super::*;

    wasm_bindgen_test_configure!(run_in_browser);

    // Tests of the whole player need it as well, and those are crates of their own.
    include!("../../tests/common/nobody.rs");

    #[wasm_bindgen_test]
    async fn a_port_that_refuses_closes_the_socket_once() {
        let (sender, mut events) = unbounded();
        let socket = Socket::open(NOBODY, move |event| {
            let _ = sender.unbounded_send(event);
        });
        assert_eq!(events.next().await, Some(SocketEvent::Closed));
        drop(socket);
        assert_eq!(events.next().await, None);
    }

    #[wasm_bindgen_test]
    fn what_is_no_url_is_an_error() {
        assert!(Socket::open("mailto:nobody", |_| {}).is_err());
    }

    #[wasm_bindgen_test]
    fn a_message_before_the_socket_is_open_does_no_harm() {
        let socket = Socket::open(NOBODY, |_| {}).unwrap();
        socket.send("{}");
    }
}
