/// A WebSocket URL at which nobody listens: a port from the end of the range, which Linux does not hand
/// out by itself.
pub const NOBODY: &str = "ws://127.0.0.1:65533/janus/ws";
