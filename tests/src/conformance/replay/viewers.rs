//! Native viewers in place of the browser that was recorded: they answer offers and hang up.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::super::trace::{Step, What};
use crate::janus::Offer;
use crate::viewer::Receiver;

#[derive(Default)]
pub(super) struct Viewers {
    /// The newest offer of each handle, and the candidates that came beside it.
    offers: HashMap<String, Offer>,
    /// Those who have answered, by handle.
    receivers: HashMap<String, Receiver>,
}

impl Viewers {
    /// Notes an offer or a candidate of the server.
    pub(super) fn note(&mut self, message: &Value) {
        let handle = message["sender"].to_string();
        let offer = self.offers.entry(handle).or_insert_with(|| Offer {
            sdp: String::new(),
            candidates: Vec::new(),
        });
        if let Some(sdp) = message["jsep"]["sdp"].as_str() {
            sdp.clone_into(&mut offer.sdp);
        }
        if let Some(candidate) = message["candidate"]["candidate"].as_str() {
            offer.candidates.push(candidate.to_owned());
        }
    }

    /// A message of the client; where it has the answer of the browser, with that of a viewer.
    pub(super) async fn answer(&mut self, text: String) -> Result<String> {
        let Some(handle) = answers(&text) else {
            return Ok(text);
        };
        let mut message: Value = serde_json::from_str(&text)?;
        let offer = self.offers.get(&handle).cloned();
        let offer = offer.context("no offer to answer")?;
        let (receiver, answer) = Receiver::answer(offer).await?;
        if let Some(before) = self.receivers.insert(handle, receiver) {
            before.close().await.ok();
        }
        message["jsep"]["sdp"] = answer.into();
        Ok(message.to_string())
    }

    /// All hang up.
    pub(super) async fn leave(&mut self) -> Result<()> {
        for (_, receiver) in self.receivers.drain() {
            receiver.close().await?;
        }
        Ok(())
    }
}

/// The handle whose offer this message answers as a browser does, and not just with something.
fn answers(text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).ok()?;
    let jsep = message.get("jsep")?;
    let is_real = jsep["sdp"].as_str()?.contains("a=ice-ufrag:");
    (jsep["type"] == "answer" && is_real).then(|| message["handle_id"].to_string())
}

/// Whether the answers to what is said next have the hangup of a browser that closed its
/// connection before it said anything.
pub(super) fn hang_up(steps: &[Step]) -> bool {
    let is_said = |step: &&Step| matches!(step.what, What::Say(_));
    let is_heard = |step: &&Step| matches!(step.what, What::Hear(_));
    let said = steps.iter().take_while(is_said).count();
    steps
        .iter()
        .skip(said)
        .take_while(is_heard)
        .any(|step| matches!(&step.what, What::Hear(message) if message["reason"] == "DTLS alert"))
}
