//! The admin API, over HTTP and over a WebSocket.

use super::*;
use crate::janus::Admin;
use crate::log::Log;
use crate::secret::Secret;

fn gateway_config() -> GatewayConfig {
    let secret = Secret::new("overlord");
    let log = Log::default();
    GatewayConfig {
        admin: Some(Admin { secret, log }),
        ..GatewayConfig::default()
    }
}

/// A server with the admin API at the address of everything else.
fn start() -> Server {
    let mut config = web_config();
    config.admin = Some(AdminConfig::default());
    Server::of(config, gateway_config())
}

fn request(server: &Server, protocol: &str) -> Request {
    let mut request = server.request("/");
    let protocol = protocol.parse().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", protocol);
    request
}

const LIST: &str = r#"{"janus":"list_sessions","transaction":"t","admin_secret":"overlord"}"#;

#[tokio::test]
async fn administrators_are_answered_over_http() {
    let server = start();
    let (_, info) = server.get("/admin/info").await;
    assert_eq!(info["janus"], "server_info");
    let create = r#"{"janus":"create","id":7,"transaction":"t"}"#;
    server.post("/janus", create).await;
    assert_eq!(server.post("/admin", LIST).await["sessions"], json!([7]));
    let handles = r#"{"janus":"list_handles","transaction":"t","admin_secret":"overlord"}"#;
    assert_eq!(server.post("/admin/7", handles).await["handles"], json!([]));
    for path in ["/admin", "/admin/ping"] {
        let (_, missing) = server.get(path).await;
        let error = json!({"code": 454, "reason": "Request payload missing"});
        assert_eq!(missing, json!({"janus": "error", "error": error}));
    }
}

#[tokio::test]
async fn administrators_are_answered_over_a_websocket() {
    let server = start();
    let request = request(&server, "janus-admin-protocol");
    let mut client = server.try_connect(request).await.unwrap();
    client.send(Message::text(LIST)).await.unwrap();
    let listed = json!({"janus": "success", "transaction": "t", "sessions": []});
    assert_eq!(hear(&mut client).await, listed);
    // No session can be made here.
    let create = r#"{"janus":"create","transaction":"t","admin_secret":"overlord"}"#;
    client.send(Message::text(create)).await.unwrap();
    assert_eq!(hear(&mut client).await["error"]["code"], 457);
}

#[tokio::test]
async fn there_is_no_admin_api_without_a_secret() {
    let server = Server::start();
    let (head, _) = server.http("GET", "/admin/info", "").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");
    let request = request(&server, "janus-admin-protocol");
    assert_eq!(refusal(server.try_connect(request).await).0, 400);
}

#[tokio::test]
async fn addresses_of_its_own_serve_the_admin_api_alone() {
    let mut config = web_config();
    config.admin = Some(AdminConfig {
        listen: vec![([127, 0, 0, 1], 0).into()],
        acl: Acl::default(),
    });
    let web = Web::bind(config).unwrap();
    let (listener, _) = web.listeners.last().unwrap();
    let address = listener.local_addr().unwrap();
    assert_ne!(web.addresses(), [address]);
    let mut server = Server::serve(web, gateway_config());
    let (head, _) = server.http("GET", "/admin/info", "").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");

    server.address = address;
    let (_, info) = server.get("/admin/info").await;
    assert_eq!(info["janus"], "server_info");
    for path in ["/", "/janus/info"] {
        let (head, _) = server.http("GET", path, "").await;
        assert!(head.starts_with("http/1.1 404"), "{head}");
    }
    let asked = request(&server, "janus-protocol");
    let (status, text) = refusal(server.try_connect(asked).await);
    assert_eq!(status, 400);
    assert!(text.contains("janus-admin-protocol"), "{text}");
    let asked = request(&server, "janus-admin-protocol");
    server.try_connect(asked).await.unwrap();
}

#[tokio::test]
async fn addresses_that_are_not_on_the_list_are_refused() {
    let mut config = web_config();
    config.admin = Some(AdminConfig {
        listen: vec![],
        acl: Acl(vec!["192.0.2.".parse().unwrap()]),
    });
    let server = Server::of(config, gateway_config());
    let (head, text) = server.http("GET", "/admin/info", "").await;
    assert!(head.starts_with("http/1.1 403"), "{head}");
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("--admin-acl 127.0.0.1"), "{text}");
    let (head, _) = server.http("GET", "/janus/info", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
}
