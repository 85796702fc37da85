//! Sessions that somebody opened and does nothing with, by the thousand.

use anyhow::{Context as _, Result, ensure};
use axum::body::{Body, to_bytes};
use futures_util::future::try_join_all;
use http::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::janus::Janus;
use crate::server::Server;
use crate::wait::patiently;

/// How many are opened at the same time.
const GROUP: usize = 50;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// How a client speaks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket for each session.
    WebSocket,
    /// Posts, and a poll for each session that hangs as long as there is no news.
    Http,
}

/// Many sessions, each with a handle, that nothing is asked of. They end with this.
#[derive(Debug)]
pub struct Sessions {
    sockets: Vec<Janus>,
    polls: JoinSet<Result<Value>>,
}

impl Sessions {
    /// Opens so many.
    ///
    /// # Errors
    /// When the server does not take them all.
    pub async fn open(server: &Server, transport: Transport, count: usize) -> Result<Sessions> {
        allow_many_sockets()?;
        let mut sessions = Sessions {
            sockets: Vec::new(),
            polls: JoinSet::new(),
        };
        let http = Http::new(server);
        for begin in (0..count).step_by(GROUP) {
            let group = begin..count.min(begin + GROUP);
            match transport {
                Transport::WebSocket => {
                    let url = server.janus();
                    let sockets = try_join_all(group.map(|_| Janus::attach(&url))).await?;
                    sessions.sockets.extend(sockets);
                }
                Transport::Http => {
                    for session in try_join_all(group.map(|_| http.attach())).await? {
                        let http = http.clone();
                        let path = format!("/{session}?maxev=10");
                        sessions.polls.spawn(async move { http.get(&path).await });
                    }
                }
            }
        }
        Ok(sessions)
    }

    /// Whether none of them has been told anything, or lost.
    pub fn are_idle(&mut self) -> bool {
        self.polls.try_join_next().is_none()
    }
}

/// The Janus API over HTTP.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client<HttpConnector, Body>,
    base: String,
}

impl Http {
    /// A client of the server.
    pub fn new(server: &Server) -> Http {
        Http {
            client: Client::builder(TokioExecutor::new()).build_http(),
            base: format!("http://{}/janus", server.ports().http),
        }
    }

    /// Posts a request to a path below `/janus`, with a transaction if it has none, and returns the
    /// answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn post(&self, path: &str, mut request: Value) -> Result<Value> {
        if request["transaction"].is_null() {
            request["transaction"] = json!("t");
        }
        let request =
            Request::post(format!("{}{path}", self.base)).body(request.to_string().into());
        self.answer(request?).await
    }

    /// Asks for the news of a session, however long there may be none.
    ///
    /// # Errors
    /// When there is no such session, or the server goes.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let request = Request::get(format!("{}{path}", self.base)).body(Body::empty());
        self.answer(request?).await
    }

    /// Creates a session with a handle of µStreamer's plugin; returns the session's id.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub async fn attach(&self) -> Result<u64> {
        let created = self.post("", json!({"janus": "create"})).await?;
        let id = created["data"]["id"]
            .as_u64()
            .with_context(|| format!("no session: {created}"))?;
        let attach = json!({"janus": "attach", "plugin": "janus.plugin.ustreamer"});
        let attached = self.post(&format!("/{id}"), attach).await?;
        ensure!(attached["janus"] == "success", "no handle: {attached}");
        Ok(id)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Value> {
        let response = patiently("an answer", self.client.request(request)).await??;
        let status = response.status();
        ensure!(status == StatusCode::OK, "{status}");
        let body = to_bytes(Body::new(response.into_body()), LONGEST).await?;
        Ok(serde_json::from_slice(&body)?)
    }
}

/// Lets this process have as many sockets as the system allows: many begin with 1024.
fn allow_many_sockets() -> Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}
