//! The HTTP server: the page, and the Janus API on the same port.
//!
//! ```text
//! GET /            the page
//! GET /<file>      what the page is made of
//! GET /<anything>  a WebSocket for Janus clients, when the request is to upgrade to one
//! /janus/…         the Janus API over HTTP
//! /admin/…         the admin API over HTTP, where it is served
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
use fanlight_protocol::{SUBPROTOCOL, admin};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::accept::{Limits, Place, Places};
use crate::janus::{Api, GatewayHandle, http, websocket};
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
    /// The admin API; not served without it.
    pub(crate) admin: Option<AdminConfig>,
}

/// How the admin API is served.
#[derive(Clone, Debug, Default)]
pub(crate) struct AdminConfig {
    /// Addresses for it alone. Without any it is served with everything else.
    pub(crate) listen: Vec<SocketAddr>,
    /// The addresses that may use it.
    pub(crate) acl: Acl,
}

/// A server that has its ports and does not answer yet.
#[derive(Debug)]
pub(crate) struct Web {
    listeners: Vec<(TcpListener, Serves)>,
    guard: Guard,
    limits: Limits,
}

/// What the requests of one connection are answered from.
#[derive(Clone)]
struct Site {
    gateway: GatewayHandle,
    guard: Arc<Guard>,
    serves: Serves,
    place: Arc<Place>,
}

/// What is to be had at a port.
#[derive(Clone, Copy, Debug)]
struct Serves {
    /// The page and the Janus API.
    all: bool,
    admin: bool,
}

/// Who may use the APIs.
#[derive(Debug)]
struct Guard {
    origins: Origins,
    acl: Acl,
    admin_acl: Acl,
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
        let admin = config.admin.clone().unwrap_or_default();
        let everything = Serves {
            all: true,
            admin: config.admin.is_some() && admin.listen.is_empty(),
        };
        let for_admin = Serves {
            all: false,
            admin: true,
        };
        let mut addresses = config.listen.clone();
        addresses.extend(&admin.listen);
        let serves = std::iter::repeat_n(everything, config.listen.len());
        let serves = serves.chain(std::iter::repeat(for_admin));
        Ok(Self {
            listeners: listen::bind(&addresses)?.into_iter().zip(serves).collect(),
            guard: Guard {
                origins: config.origins,
                acl: config.acl,
                admin_acl: admin.acl,
            },
            limits: Limits::default(),
        })
    }

    /// The addresses that the page is at, with the ports that were given for port 0.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let pages = self.listeners.iter().filter(|(_, serves)| serves.all);
        pages
            .filter_map(|(listener, _)| listener.local_addr().ok())
            .collect()
    }

    /// Serves until `shutdown` is done. Then those who watch are told, connections are closed, and
    /// what is not done a few seconds later is cut off.
    pub(crate) async fn serve(self, gateway: GatewayHandle, shutdown: impl Future<Output = ()>) {
        let guard = Arc::new(self.guard);
        let places = Places::new(self.limits);
        let (stop, stopped) = watch::channel(false);
        let mut servers = JoinSet::new();
        for (listener, serves) in self.listeners {
            let (gateway, guard) = (gateway.clone(), guard.clone());
            let router = move |place| {
                router(Site {
                    gateway: gateway.clone(),
                    guard: guard.clone(),
                    serves,
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
        Ok(upgrade) => match websocket::asked_for(request.headers()) {
            Some(api) if site.serves.api(api) => match site.check(api, &request) {
                Ok(_) => websocket::accept(upgrade, api, site.gateway, site.place),
                Err(refusal) => refusal.into_response(),
            },
            _ => {
                let name = if site.serves.all {
                    SUBPROTOCOL
                } else {
                    admin::SUBPROTOCOL
                };
                let why = format!("This WebSocket speaks the subprotocol {name}: ask for it.\n");
                (StatusCode::BAD_REQUEST, why).into_response()
            }
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
            Some(target) if site.serves.api(target.api) => match site.check(target.api, &request) {
                Ok(origin) => {
                    let way = http::Way {
                        client: site.place.network(),
                        gateway: &site.gateway,
                    };
                    http::serve(&target, request, way, origin).await
                }
                Err(refusal) => refusal.into_response(),
            },
            _ if site.serves.all => page::serve(&request),
            _ => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

impl Serves {
    fn api(self, api: Api) -> bool {
        match api {
            Api::Janus => self.all,
            Api::Admin => self.admin,
        }
    }
}

impl Site {
    /// Whether the client may use the API. Returns the pages that may see the answer.
    fn check(&self, api: Api, request: &Request) -> Result<HeaderValue, Refusal> {
        let address = self.place.address;
        let (acl, option) = match api {
            Api::Janus => (&self.guard.acl, "--acl"),
            Api::Admin => (&self.guard.admin_acl, "--admin-acl"),
        };
        if !acl.allows(address) {
            return Err(Refusal::Address { address, option });
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
