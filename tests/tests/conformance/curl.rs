//! Scripts that watch and look after Janus with curl do so with Fanlight.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use fanlight_tests::server::{Server, TEST_PATTERN};
use fanlight_tests::{is_on_path, skip};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

const JSON: [&str; 2] = ["-H", "Content-Type: application/json"];

#[tokio::test]
async fn curl_holds_the_conversation_of_a_viewer() -> Result<()> {
    let Some(server) = server("curl_holds_the_conversation_of_a_viewer").await? else {
        return Ok(());
    };
    let janus = format!("{}janus", server.page());
    let info = answer(&["-X", "GET", &format!("{janus}/info")]).await?;
    ensure!(info["janus"] == "server_info", "{info}");
    let allowed = headers(&[
        "-X",
        "OPTIONS",
        "-H",
        "Origin: http://localhost",
        "-H",
        "Access-Control-Request-Method: POST",
        "-H",
        "Access-Control-Request-Headers: content-type",
        &janus,
    ])
    .await?;
    ensure!(
        allowed.contains("access-control-allow-origin: http://localhost")
            || allowed.contains("access-control-allow-origin: *"),
        "{allowed}"
    );

    let session = create(&janus).await?;
    let handle = attach(&session).await?;
    let list = post(
        &handle,
        json!({"janus": "message", "body": {"request": "list"}}),
    )
    .await?;
    let first = &list["plugindata"]["data"]["list"][0]["id"];
    ensure!(first.is_u64(), "no mountpoint: {list}");

    // The poll waits for the offer before anybody asks for it, as scripts do in the background.
    let poll = poll(&format!("{session}?rid=1234567890&maxev=1"))?;
    let watch = json!({"janus": "message", "body": {"request": "watch", "id": first}});
    let ack = post(&handle, watch).await?;
    ensure!(ack["janus"] == "ack", "{ack}");
    let event: Value = serde_json::from_slice(&poll.wait_with_output().await?.stdout)?;
    ensure!(event["jsep"]["type"] == "offer", "no offer: {event}");

    let destroyed = post(&session, json!({"janus": "destroy"})).await?;
    ensure!(destroyed["janus"] == "success", "{destroyed}");
    let status = status(&format!("{session}?rid=1234567890&maxev=1")).await?;
    ensure!(
        status == "404",
        "a poll of a session that is gone: {status}"
    );
    Ok(())
}

#[tokio::test]
async fn curl_looks_into_sessions_and_handles() -> Result<()> {
    let Some(server) = server("curl_looks_into_sessions_and_handles").await? else {
        return Ok(());
    };
    let janus = format!("{}janus", server.page());
    let admin = format!("{}admin", server.page());
    let session = create(&janus).await?;
    let handle = attach(&session).await?;
    let path = handle.strip_prefix(&janus).context("a handle's path")?;
    let (of_session, of_handle) = path
        .trim_start_matches('/')
        .split_once('/')
        .context("two ids")?;
    let ask = async |url: &str, request: &str| {
        post(
            url,
            json!({"janus": request, "admin_secret": "janusoverlord"}),
        )
        .await
    };

    let sessions = ask(&admin, "list_sessions").await?;
    ensure!(
        sessions["sessions"] == json!([number(of_session)?]),
        "{sessions}"
    );
    let handles = ask(&format!("{admin}/{of_session}"), "list_handles").await?;
    ensure!(
        handles["handles"] == json!([number(of_handle)?]),
        "{handles}"
    );
    let info = ask(&format!("{admin}/{path}"), "handle_info").await?;
    ensure!(info["info"]["plugin"] == "janus.plugin.streaming", "{info}");

    let refused = post(
        &admin,
        json!({"janus": "list_sessions", "admin_secret": "guessed"}),
    )
    .await?;
    ensure!(refused["error"]["code"] == 403, "{refused}");
    Ok(())
}

async fn server(test: &str) -> Result<Option<Server>> {
    if let Err(missing) = is_on_path("curl") {
        skip(test, missing);
        return Ok(None);
    }
    let mut arguments = TEST_PATTERN.to_vec();
    arguments.push("--admin-secret=janusoverlord");
    Server::start(&arguments).await.map(Some)
}

/// The address of a new session.
async fn create(janus: &str) -> Result<String> {
    let created = post(janus, json!({"janus": "create"})).await?;
    let id = created["data"]["id"]
        .as_u64()
        .with_context(|| created.to_string())?;
    Ok(format!("{janus}/{id}"))
}

/// The address of a new handle of a session.
async fn attach(session: &str) -> Result<String> {
    let attach = json!({"janus": "attach", "plugin": "janus.plugin.streaming"});
    let attached = post(session, attach).await?;
    let id = attached["data"]["id"]
        .as_u64()
        .with_context(|| attached.to_string())?;
    Ok(format!("{session}/{id}"))
}

fn number(text: &str) -> Result<u64> {
    Ok(text.parse()?)
}

/// Posts a request and returns the answer, which has its transaction.
async fn post(url: &str, mut request: Value) -> Result<Value> {
    request["transaction"] = "1234".into();
    let request = request.to_string();
    let mut arguments = vec!["-X", "POST"];
    arguments.extend(JSON);
    arguments.extend(["--data-binary", &request, url]);
    let answer = answer(&arguments).await?;
    ensure!(answer["transaction"] == "1234", "{answer}");
    Ok(answer)
}

async fn answer(arguments: &[&str]) -> Result<Value> {
    let text = run(arguments).await?;
    serde_json::from_str(&text).with_context(|| format!("curl {arguments:?}: {text}"))
}

/// Status line and headers, in small letters.
async fn headers(arguments: &[&str]) -> Result<String> {
    let mut with_headers = vec!["-i"];
    with_headers.extend(arguments);
    Ok(run(&with_headers).await?.to_lowercase())
}

async fn status(url: &str) -> Result<String> {
    run(&["-o", "/dev/null", "-w", "%{http_code}", url]).await
}

async fn run(arguments: &[&str]) -> Result<String> {
    let output = curl(arguments).output().await?;
    ensure!(output.status.success(), "curl {arguments:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

/// A request that goes on in the background.
fn poll(url: &str) -> Result<Child> {
    Ok(curl(&[url]).spawn()?)
}

fn curl(arguments: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "60"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}
