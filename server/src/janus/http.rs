//! The Janus API over HTTP: requests are posted, and what comes of them is polled for.
//!
//! ```text
//! POST /janus[/session[/handle]]          a request
//! GET  /janus/session[?maxev=N]           the news of a session, as soon as there is any
//! GET  /janus/info, /janus/ping           requests that need no body
//! POST /admin[/session[/handle]]          a request of the admin API
//! GET  /admin/info                        a request that needs no body
//! ```

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use fanlight_protocol::request::{Credentials, Path, RequestKind};
use fanlight_protocol::{Error, ErrorCode, HandleId, ServerMessage, SessionId};

use serde::Deserialize;

use super::gateway::{Poll, PollRefused};
use super::task::{Api, GatewayHandle, PollError};

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 1 << 20;

/// The longest that a client may take to send one.
const READ: Duration = Duration::from_secs(10);

/// How long browsers may remember what they are allowed to do, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

/// Who asks, and whom.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    /// The address of the client, or its network.
    pub(crate) client: IpAddr,
    pub(crate) gateway: &'a GatewayHandle,
}

/// The parts of a path under `/janus` or `/admin`, as `abc` and `42` of `/janus/abc/42`.
pub(crate) struct Target {
    pub(crate) api: Api,
    parts: Vec<String>,
}

impl Target {
    /// The target that a path names, if it is one of an API.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let api = match parts.next()? {
            "janus" => Api::Janus,
            "admin" => Api::Admin,
            _ => return None,
        };
        let parts = parts.map(str::to_owned).collect();
        Some(Self { api, parts })
    }

    /// What the path names. What is no number names nothing, as in Janus.
    fn path(&self) -> Path {
        let id = |at: usize| self.parts.get(at)?.parse().ok().filter(|id| *id != 0);
        Path {
            session: id(0).map(SessionId),
            handle: id(1).map(HandleId),
        }
    }
}

/// Answers a request whose client may see the answer: pages of `origin`, or `*` for all.
pub(crate) async fn serve(
    target: &Target,
    request: Request,
    way: Way<'_>,
    origin: HeaderValue,
) -> Response {
    let mut response = match *request.method() {
        Method::OPTIONS => preflight(request.headers()),
        _ if target.parts.len() > 2 => StatusCode::NOT_FOUND.into_response(),
        Method::POST => post(target, request.into_body(), way).await,
        Method::GET => get(target, request.uri(), way).await,
        ref method => {
            let reason = format!("Unsupported method {method}");
            refuse(Error::new(ErrorCode::TransportSpecific, reason))
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    response
}

/// A browser asks what a page may do.
fn preflight(request: &HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    );
    if let Some(wanted) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}

async fn post(target: &Target, body: Body, way: Way<'_>) -> Response {
    let body = axum::body::to_bytes(body, MAX_MESSAGE);
    let message = match tokio::time::timeout(READ, body).await {
        Ok(Ok(message)) => message,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    way.post(target.api, target.path(), message.into()).await
}

async fn get(target: &Target, uri: &Uri, way: Way<'_>) -> Response {
    let parts: Vec<&str> = target.parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["info"] => ask(target.api, RequestKind::Info, way).await,
        // As Janus says it of all else that comes without a body.
        _ if target.api == Api::Admin => way.post(Api::Admin, Path::default(), Vec::new()).await,
        ["ping"] => ask(Api::Janus, RequestKind::Ping, way).await,
        [session] => match session.parse() {
            Ok(session) => poll(SessionId(session), uri, way.gateway).await,
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        },
        // The news of a handle are among those of its session.
        [session, _] => match HeaderValue::try_from(format!("/janus/{session}")) {
            Ok(at) => (StatusCode::FOUND, [(header::LOCATION, at)]).into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn poll(session: SessionId, uri: &Uri, gateway: &GatewayHandle) -> Response {
    // What is no query asks for nothing in particular.
    let Query(question) = Query::<Question>::try_from_uri(uri).unwrap_or_default();
    let max_events = question.maxev.and_then(|number| number.parse().ok());
    let poll = Poll {
        session,
        max_events: max_events.filter(|number| *number > 0).unwrap_or(1),
        credentials: Credentials {
            api_secret: question.apisecret,
            token: question.token,
        },
    };
    match gateway.poll(poll).await {
        Ok(messages) => json(messages),
        Err(PollError::Refused(PollRefused::NothingThere)) => StatusCode::NOT_FOUND.into_response(),
        Err(PollError::Refused(PollRefused::Unauthorized)) => StatusCode::FORBIDDEN.into_response(),
        Err(PollError::Ended) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The query of a poll. Clients add others against caches (`rid`).
#[derive(Default, Deserialize)]
struct Question {
    maxev: Option<String>,
    apisecret: Option<String>,
    token: Option<String>,
}

/// A request that is all in its path.
async fn ask(api: Api, kind: RequestKind, way: Way<'_>) -> Response {
    let request = fanlight_protocol::Request {
        transaction: format!("{:x}", rand::random::<u64>()),
        session: None,
        handle: None,
        credentials: Credentials::default(),
        kind: Ok(kind),
    };
    let message = request.to_json().into_bytes();
    way.post(api, Path::default(), message).await
}

impl Way<'_> {
    async fn post(self, api: Api, path: Path, message: Vec<u8>) -> Response {
        match self.gateway.post(self.client, api, path, message).await {
            Some(answer) => json(answer),
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

fn refuse(error: Error) -> Response {
    let message = ServerMessage::Error {
        session_id: None,
        transaction: None,
        error,
    };
    json(message.to_json())
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
