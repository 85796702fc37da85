//! One recorded conversation, step by step.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

/// A recorded conversation.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The name of its file, without what tells the kind of file.
    pub name: String,
    pub(super) steps: Vec<Step>,
}

/// One line of a recording that says something.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Its line, from 1.
    pub(super) line: usize,
    /// When it was seen, in milliseconds.
    pub(super) at: u64,
    pub(super) what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// The client opened a WebSocket.
    Open(Open),
    /// The client said something on it.
    Say(Say),
    /// The server said something on it.
    Hear(Value),
    /// The server ended it.
    Ended,
    /// The client ended it.
    Close,
    /// The client made an HTTP request.
    Request(Request),
    /// The server answered the request of an earlier step, given as an index into the steps.
    Response(usize, Response),
    /// The server ended the connection of that request without an answer.
    NoResponse(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Open {
    /// Whether it is the port of the admin API.
    pub(super) admin: bool,
    pub(super) protocol: Option<String>,
    /// The headers of the answer as far as they were recorded, or none if there was no answer.
    pub(super) accepted: Option<Map<String, Value>>,
}

#[derive(Clone, Debug)]
pub(super) struct Say {
    pub(super) text: String,
    pub(super) frames: Frames,
}

/// How a message is put into WebSocket frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frames {
    Text,
    Binary,
    TwoFragments,
}

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Map<String, Value>,
    /// Empty for none.
    pub(super) body: String,
}

#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Map<String, Value>,
    /// [`Value::Null`] for none.
    pub(super) body: Value,
    /// How long it took, in milliseconds.
    pub(super) took: u64,
}

impl Trace {
    /// Reads a recording of `tests/traces`.
    ///
    /// # Errors
    /// When there is none, or a line is not understood.
    pub fn read(name: &str) -> Result<Trace> {
        let file = folder().join(name).with_extension("jsonl");
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("no {}", file.display()))?;
        Trace::parse(name, &text)
    }

    /// The names of all recordings.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all_names() -> Result<Vec<String>> {
        let mut names = Vec::new();
        for file in std::fs::read_dir(folder())? {
            let path = file?.path();
            if path.extension().is_some_and(|kind| kind == "jsonl") {
                let name = path.file_stem().context("a file without a name")?;
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn parse(name: &str, text: &str) -> Result<Trace> {
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let line: Value =
                serde_json::from_str(line).with_context(|| format!("{name}:{number}"))?;
            reader
                .line(number, &line)
                .with_context(|| format!("{name}:{number}"))?;
        }
        Ok(Trace {
            name: name.to_owned(),
            steps: reader.steps,
        })
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("traces")
}

#[derive(Default)]
struct Reader {
    steps: Vec<Step>,
    /// Requests that have no answer yet, as indexes of steps.
    waiting: Vec<usize>,
    /// What the server answered to the opening that follows.
    handshake: Map<String, Value>,
    open: bool,
}

impl Reader {
    fn line(&mut self, number: usize, line: &Value) -> Result<()> {
        let at = line["t_ms"].as_u64().context("no time")?;
        let content = &line["json"];
        let what = match line["dir"].as_str().context("no direction")? {
            "http" => {
                self.handshake = object(&content["headers"]);
                return Ok(());
            }
            "ws-open" => What::Open(self.open(content)),
            ">" if line.get("method").is_some() => {
                self.waiting.push(self.steps.len());
                What::Request(request(line)?)
            }
            "<" if line.get("status").is_some() => {
                let response = response(line)?;
                What::Response(self.answered(at, &response)?, response)
            }
            ">" => What::Say(say(line)?),
            "<" => What::Hear(content.clone()),
            "#" if content == "error socket hang up" && !self.waiting.is_empty() => {
                What::NoResponse(self.waiting.pop().context("no request")?)
            }
            "#" => return Ok(()),
            "ws-close" if !self.open => return Ok(()),
            "ws-close" => {
                self.open = false;
                if content["code"] == 1006 {
                    What::Ended
                } else {
                    What::Close
                }
            }
            other => bail!("what is `{other}`?"),
        };
        self.steps.push(Step {
            line: number,
            at,
            what,
        });
        Ok(())
    }

    fn open(&mut self, content: &Value) -> Open {
        // The port was the admin API's if it ends as that of the default configuration.
        let url = content["url"].as_str().unwrap_or_default();
        let refused = content.get("accepted").is_some_and(Value::is_null);
        self.open = !refused;
        let handshake = std::mem::take(&mut self.handshake);
        // Browsers do not say which protocol they asked for.
        let protocol = content
            .get("proto")
            .map_or(Some("janus-protocol"), Value::as_str);
        Open {
            admin: url.trim_end_matches('/').ends_with("7188"),
            protocol: protocol.map(str::to_owned),
            accepted: (!refused).then_some(handshake),
        }
    }

    /// The request that an answer belongs to: the one that was made as long ago as the answer took.
    fn answered(&mut self, at: u64, response: &Response) -> Result<usize> {
        let made = at.saturating_sub(response.took);
        let distance = |index: &usize| self.steps.get(*index).map(|step| step.at.abs_diff(made));
        let nearest = (0..self.waiting.len()).min_by_key(|i| self.waiting.get(*i).map(distance));
        Ok(self
            .waiting
            .remove(nearest.context("an answer to nothing")?))
    }
}

fn say(line: &Value) -> Result<Say> {
    let frames = match line["as"].as_str() {
        None => Frames::Text,
        Some("binary") => Frames::Binary,
        Some("fragments") => Frames::TwoFragments,
        Some(other) => bail!("what are frames of `{other}`?"),
    };
    Ok(Say {
        text: body(line),
        frames,
    })
}

fn request(line: &Value) -> Result<Request> {
    let text = |field: &str| line[field].as_str().map(str::to_owned);
    Ok(Request {
        method: text("method").context("no method")?,
        path: text("path").context("no path")?,
        headers: object(&line["headers"]),
        body: body(line),
    })
}

fn response(line: &Value) -> Result<Response> {
    Ok(Response {
        status: line["status"].as_u64().context("no status")?.try_into()?,
        headers: object(&line["headers"]),
        body: line["json"].clone(),
        took: line["took_ms"].as_u64().context("no took_ms")?,
    })
}

/// What was sent: JSON, or a text as it was.
fn body(line: &Value) -> String {
    match line.get("json") {
        Some(json) => json.to_string(),
        None => line["raw"].as_str().unwrap_or_default().to_owned(),
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_understood() {
        for name in Trace::all_names().unwrap() {
            let trace = Trace::read(&name).unwrap();
            assert!(trace.steps.len() > 1 || name.starts_with("ws-"), "{name}");
        }
    }

    #[test]
    fn an_answer_belongs_to_the_request_that_was_made_then() {
        let text = r##"{"t_ms":57,"dir":">","method":"GET","path":"/poll","headers":{},"raw":""}
{"t_ms":369,"dir":">","method":"POST","path":"/post","headers":{},"json":{}}
{"t_ms":373,"dir":"<","status":200,"headers":{},"took_ms":4,"raw":""}
{"t_ms":373,"dir":"<","status":200,"headers":{},"took_ms":316,"raw":""}"##;
        let trace = Trace::parse("two", text).unwrap();
        let answered: Vec<_> = trace
            .steps
            .iter()
            .filter_map(|step| match step.what {
                What::Response(to, _) => Some(to),
                _ => None,
            })
            .collect();
        assert_eq!(answered, [1, 0]);
    }
}
