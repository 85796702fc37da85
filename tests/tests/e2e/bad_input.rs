//! Whatever comes over the network, others keep their picture and the server its memory.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fanlight_tests::crowd::{Answering, Watcher};
use fanlight_tests::janus::{Janus, Message};
use fanlight_tests::server::Server;
use fanlight_tests::wait::until;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

/// The largest message that the server takes.
const LIMIT: usize = 1 << 20;

/// Letters of a SHA-256 in SDP: 32 bytes with colons between.
const FINGERPRINT: usize = 32 * 3 - 1;

/// A server and a viewer that must not notice anything.
struct Scene {
    server: Server,
    witness: Watcher,
}

impl Scene {
    async fn set() -> Result<Scene> {
        let server = Server::test_pattern().await?;
        let witness = Watcher::watch(&server.janus()).await?;
        witness.frames_grow_by(5).await?;
        Ok(Scene { server, witness })
    }

    /// The viewer still gets its frames, on its first connection.
    async fn is_undisturbed(&self) -> Result<()> {
        self.witness.frames_grow_by(15).await?;
        ensure!(
            !self.witness.signalling().was_told("hangup"),
            "the other viewer was hung up on"
        );
        Ok(())
    }

    /// A conversation at the point where the server waits for an answer.
    async fn offered(&self) -> Result<(Janus, Answering)> {
        let mut janus = Janus::attach(&self.server.janus()).await?;
        let offer = janus.watch().await?;
        let answering = Answering::to(&offer).await?;
        Ok((janus, answering))
    }
}

#[tokio::test]
async fn messages_that_are_no_json_get_janus_error_454() -> Result<()> {
    let scene = Scene::set().await?;
    let mut janus = Janus::connect(&scene.server.janus()).await?;
    for garbage in [
        "",
        "{",
        "not json",
        "{\"janus\":",
        "\u{0}\u{1}",
        "[[[[",
        "null",
        "\"create\"",
    ] {
        janus.send(Message::text(garbage)).await?;
        let error = janus
            .event("error")
            .await
            .with_context(|| format!("{garbage:?}"))?;
        ensure!(error["error"]["code"] == 454, "{garbage:?}: {error}");
    }
    scene.is_undisturbed().await
}

#[tokio::test]
async fn ten_thousand_bad_messages_are_answered_one_by_one() -> Result<()> {
    let scene = Scene::set().await?;
    let mut janus = Janus::connect(&scene.server.janus()).await?;
    let before = scene.server.usage()?;
    for round in 0..100 {
        for message in 0..100 {
            let bad = json!({"janus": "bad", "transaction": format!("{round}-{message}")});
            janus.send(Message::text(bad.to_string())).await?;
        }
        for message in 0..100 {
            let error = janus.event("error").await?;
            ensure!(
                error["transaction"] == format!("{round}-{message}"),
                "{error}"
            );
        }
    }
    let after = scene.server.usage()?;
    ensure!(
        after.fds <= before.fds && after.threads <= before.threads,
        "{before:?} {after:?}"
    );
    ensure!(after.rss_kb < before.rss_kb + 8_000, "{before:?} {after:?}");
    let pong = janus.request(json!({"janus": "ping"})).await?;
    ensure!(pong["janus"] == "pong", "{pong}");
    scene.is_undisturbed().await
}

#[tokio::test]
async fn a_message_above_a_mebibyte_ends_its_connection_and_no_other() -> Result<()> {
    let scene = Scene::set().await?;
    let request = |length: usize| {
        let text = json!({"janus": "ping", "transaction": "large", "padding": ""}).to_string();
        text.replace("\"\"", &format!("\"{}\"", "x".repeat(length - text.len())))
    };
    let mut janus = Janus::connect(&scene.server.janus()).await?;
    janus.send(Message::text(request(LIMIT))).await?;
    janus
        .event("pong")
        .await
        .context("a message of just the limit")?;
    // The server may be gone before all of it is sent.
    janus.send(Message::text(request(LIMIT + 1))).await.ok();
    janus.closed().await?;
    scene.is_undisturbed().await
}

#[tokio::test]
async fn datagrams_of_garbage_are_dropped() -> Result<()> {
    let scene = Scene::set().await?;
    let before = scene.server.usage()?;
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0_usize..5_000 {
        let mut datagram = vec![0; round % 1_500];
        for byte in &mut datagram {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            *byte = noise.to_le_bytes()[0];
        }
        // The first byte says what a datagram claims to be (RFC 7983); every claim is tried.
        if let Some(first) = datagram.first_mut() {
            *first = u8::try_from(round % 256)?;
        }
        socket.send_to(&datagram, scene.server.ports().rtc).await?;
        if round % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    scene.is_undisturbed().await?;
    let after = scene.server.usage()?;
    ensure!(
        after.fds <= before.fds && after.threads <= before.threads,
        "{before:?} {after:?}"
    );
    ensure!(after.rss_kb < before.rss_kb + 8_000, "{before:?} {after:?}");
    Ok(())
}

#[tokio::test]
async fn an_answer_without_h264_is_refused() -> Result<()> {
    let scene = Scene::set().await?;
    let (mut janus, answering) = scene.offered().await?;
    let sdp = answering.sdp.replace("H264/90000", "VP8/90000");
    refused(start(&mut janus, &sdp).await?)?;
    scene.is_undisturbed().await
}

#[tokio::test]
async fn an_answer_that_is_no_sdp_is_refused_with_465() -> Result<()> {
    let scene = Scene::set().await?;
    let (mut janus, _answering) = scene.offered().await?;
    let reply = start(&mut janus, "this is no session description").await?;
    ensure!(reply["error"]["code"] == 465, "{reply}");
    scene.is_undisturbed().await
}

#[tokio::test]
async fn a_second_answer_is_refused_and_the_first_one_holds() -> Result<()> {
    let scene = Scene::set().await?;
    let (mut janus, answering) = scene.offered().await?;
    janus.start(&answering.sdp).await?;
    refused(start(&mut janus, &answering.sdp).await?)?;
    let watcher = answering.watch(janus).await?;
    watcher.frames_grow_by(15).await?;
    scene.is_undisturbed().await
}

#[tokio::test]
async fn an_answer_before_any_offer_is_refused_with_469() -> Result<()> {
    let scene = Scene::set().await?;
    let (_, answering) = scene.offered().await?;
    let mut other = Janus::attach(&scene.server.janus()).await?;
    let reply = start(&mut other, &answering.sdp).await?;
    ensure!(reply["error"]["code"] == 469, "{reply}");
    scene.is_undisturbed().await
}

#[tokio::test]
async fn a_viewer_with_another_certificate_than_announced_gets_nothing() -> Result<()> {
    let scene = Scene::set().await?;
    let (mut janus, mut answering) = scene.offered().await?;
    let (before, after) = answering
        .sdp
        .split_once("a=fingerprint:sha-256 ")
        .context("no fingerprint in the answer")?;
    let (_, rest) = after.split_at(FINGERPRINT);
    let wrong = ["5A"; 32].join(":");
    answering.sdp = format!("{before}a=fingerprint:sha-256 {wrong}{rest}");
    janus.start(&answering.sdp).await?;
    let impostor = answering.set_out(janus);
    impostor.signalling().told("hangup").await?;
    ensure!(impostor.packets() == 0, "media for somebody unknown");
    scene.is_undisturbed().await
}

#[tokio::test]
async fn a_viewer_that_never_answers_is_given_up() -> Result<()> {
    let scene = Scene::set().await?;
    let (janus, _answering) = scene.offered().await?;
    let kept = janus.keep();
    kept.told("hangup").await?;
    scene.is_undisturbed().await
}

#[tokio::test]
async fn a_viewer_that_falls_silent_is_hung_up_on_and_its_descriptors_are_freed() -> Result<()> {
    let scene = Scene::set().await?;
    let before = scene.server.usage()?;
    let watcher = Watcher::watch(&scene.server.janus()).await?;
    watcher.frames_grow_by(5).await?;
    let kept = watcher.fall_silent();
    kept.told("hangup").await?;
    drop(kept);
    until("the socket to be closed", async || {
        Ok((scene.server.usage()?.fds <= before.fds).then_some(()))
    })
    .await?;
    scene.is_undisturbed().await
}

async fn start(janus: &mut Janus, sdp: &str) -> Result<Value> {
    let answer = json!({"type": "answer", "sdp": sdp});
    let reply = janus
        .message(json!({"request": "start"}), Some(answer))
        .await?;
    if reply["janus"] == "error" {
        return Ok(reply);
    }
    janus.event("event").await
}

/// One clear error, of Janus' core or of the plugin.
fn refused(reply: Value) -> Result<()> {
    let core = &reply["error"];
    let plugin = &reply["plugindata"]["data"];
    let of_core = core["code"].is_u64() && core["reason"].is_string();
    let of_plugin = plugin["error_code"].is_u64() && plugin["error"].is_string();
    ensure!(of_core || of_plugin, "no error: {reply}");
    Ok(())
}
