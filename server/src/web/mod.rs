//! The HTTP server: the page, and the Janus API on the same port.
//!
//! ```text
//! GET /            the page
//! GET /<file>      what the page is made of
//! GET /<anything>  a WebSocket for Janus clients, when the request is to upgrade to one
//! /janus/…         the Janus API over HTTP
//! ```
mod accept;
mod acl;
mod assets;
mod listen;
mod origin;
mod page;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::accept::{Limits, Place, Places};
use crate::janus::{GatewayHandle, http, websocket};
pub(crate) use acl::{Acl, AclEntry};
pub(crate) use listen::ListenError;
pub(crate) use origin::Origins;
use origin::Refusal;

/// How long files that are being sent may take when the server ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// Where Janus clients are used to find a WebSocket. There is nothing else to be had.
const WEBSOCKET_PATHS: [&str; 2] = ["/ws", "/janus/ws"];

/// How the server is set up.
#[derive(Clone, Debug)]
pub(crate) struct WebConfig {
    /// The addresses it listens on; port 0 is any that is free.
    pub(crate) listen: Vec<SocketAddr>,
    /// The pages of other hosts that may use the Janus API.
    pub(crate) origins: Origins,
    /// The addresses that may use it.
    pub(crate) acl: Acl,
}

/// A server that has its ports and does not answer yet.
#[derive(Debug)]
pub(crate) struct Web {
    listeners: Vec<TcpListener>,
    guard: Guard,
    limits: Limits,
}

/// What the requests of one connection are answered from.
#[derive(Clone)]
struct Site {
    gateway: GatewayHandle,
    guard: Arc<Guard>,
    place: Arc<Place>,
}

/// Who may use the Janus API.
#[derive(Debug)]
struct Guard {
    origins: Origins,
    acl: Acl,
}

impl Web {
    /// Takes all addresses, or none.
    ///
    /// # Errors
    ///
    /// Names the address that cannot be had, and what to do.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub(crate) fn bind(config: WebConfig) -> Result<Self, ListenError> {
        if let Err(error) = accept::raise_file_limit() {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
        Ok(Self {
            listeners: listen::bind(&config.listen)?,
            guard: Guard {
                origins: config.origins,
                acl: config.acl,
            },
            limits: Limits::default(),
        })
    }

    /// The addresses it listens on, with the ports that were given for port 0.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.listeners.iter().map(TcpListener::local_addr);
        addresses.filter_map(Result::ok).collect()
    }

    /// Serves until `shutdown` is done. Then those who watch are told, connections are closed, and
    /// what is not done a few seconds later is cut off.
    pub(crate) async fn serve(self, gateway: GatewayHandle, shutdown: impl Future<Output = ()>) {
        let guard = Arc::new(self.guard);
        let places = Places::new(self.limits);
        let (stop, stopped) = watch::channel(false);
        let mut servers = JoinSet::new();
        for listener in self.listeners {
            let (gateway, guard) = (gateway.clone(), guard.clone());
            let router = move |place| {
                router(Site {
                    gateway: gateway.clone(),
                    guard: guard.clone(),
                    place: Arc::new(place),
                })
            };
            let (places, stopped) = (places.clone(), stopped.clone());
            servers.spawn(accept::serve(listener, places, router, stopped));
        }
        shutdown.await;
        gateway.shut_down();
        let _ = stop.send(true);
        gateway.ended().await;
        let farewell = async { while servers.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::debug!("clients are cut off");
        }
    }
}

/// A Janus client may come by any path, as it may to Janus.
fn router(site: Site) -> Router {
    Router::new().fallback(answer).with_state(site)
}

async fn answer(
    State(site): State<Site>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    let path = request.uri().path();
    match upgrade {
        Ok(upgrade) => match site.check(&request) {
            Ok(_) => websocket::accept(upgrade, site.gateway, site.place),
            Err(refusal) => refusal.into_response(),
        },
        Err(why) if request.headers().contains_key(header::UPGRADE) => {
            (StatusCode::BAD_REQUEST, format!("No WebSocket: {why}.\n")).into_response()
        }
        Err(_) if request.method() == Method::GET && WEBSOCKET_PATHS.contains(&path) => {
            let needed = [(header::UPGRADE, "websocket")];
            let text = "Janus clients come here by WebSocket.\n";
            (StatusCode::UPGRADE_REQUIRED, needed, text).into_response()
        }
        Err(_) => match http::Target::of(path) {
            Some(target) => match site.check(&request) {
                Ok(origin) => http::serve(&target, request, &site.gateway, origin).await,
                Err(refusal) => refusal.into_response(),
            },
            None => page::serve(&request),
        },
    }
}

impl Site {
    /// Whether the client may use the Janus API. Returns the pages that may see the answer.
    fn check(&self, request: &Request) -> Result<HeaderValue, Refusal> {
        let address = self.place.address;
        if !self.guard.acl.allows(address) {
            return Err(Refusal::Address(address));
        }
        self.guard.origins.check(request.headers())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(refusal = %self, "refused");
        (StatusCode::FORBIDDEN, format!("{self}\n")).into_response()
    }
}
