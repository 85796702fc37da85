//! Mountpoints that clients ask for.

use std::net::IpAddr;

use fanlight_protocol::streaming::{Create, Edit, MountpointId, RtpMedia, Source};

use super::MountpointError;
use super::config::{MediaConfig, MountpointConfig, MountpointConfigError};
use super::entry::About;
use crate::secret::Secret;

/// What is asked for as it would stand in a file, and whether the media were given one by one.
pub(super) fn config(
    create: &Create,
    id: MountpointId,
) -> Result<(MountpointConfig, bool), MountpointError> {
    let rtp = match &create.source {
        Source::Rtp(rtp) => rtp,
        Source::Live => return Err(MountpointError::NotOffered("live")),
        Source::OnDemand => return Err(MountpointError::NotOffered("ondemand")),
        Source::Rtsp => return Err(MountpointError::NotOffered("rtsp")),
    };
    let config = MountpointConfig {
        id,
        name: create.name.clone(),
        description: create.description.clone(),
        metadata: create.metadata.clone(),
        is_private: create.is_private,
        secret: secret(create.secret.as_deref()),
        pin: secret(create.pin.as_deref()),
        enabled: true,
        collision: rtp.collision,
        srtpsuite: rtp.srtp_suite.map(|suite| u8::from(suite).to_string()),
        srtpcrypto: secret(rtp.srtp_crypto.as_deref()),
        playoutdelay_ext: rtp.playout_delay.unwrap_or(false),
        abscapturetime_src_ext_id: rtp.abs_capture_time,
        bufferkf_ms: rtp.buffer_ms,
        bufferkf_bytes: rtp.buffer_bytes,
        media: rtp.media.iter().map(medium).collect::<Result<_, _>>()?,
    };
    Ok((config, rtp.is_old_style))
}

fn medium(asked: &RtpMedia) -> Result<MediaConfig, MountpointConfigError> {
    let mid = || asked.mid.clone();
    if asked.simulcast {
        return Err(MountpointConfigError::Simulcast { mid: mid() });
    }
    let group = |text: &String| {
        text.parse::<IpAddr>()
            .map_err(|_| MountpointConfigError::Group {
                mid: mid(),
                group: text.clone(),
            })
    };
    Ok(MediaConfig {
        kind: asked.kind,
        mid: mid(),
        label: asked.label.clone(),
        codec: asked.codec.clone().unwrap_or_default(),
        pt: asked.pt,
        fmtp: asked.fmtp.clone(),
        port: asked.port,
        rtcpport: asked.rtcp_port,
        mcast: asked.mcast.as_ref().map(group).transpose()?,
        iface: asked.iface.clone(),
        bind: None,
        bufferkf: asked.buffer_key_frame,
        bufferkf_ms: asked.buffer_ms,
        bufferkf_bytes: asked.buffer_bytes,
    })
}

/// Changes what is said of a mountpoint.
pub(super) fn edit(about: &mut About, edit: &Edit) {
    // Without a description Janus keeps the one that there is.
    if let Some(description) = edit.description.as_ref().filter(|text| !text.is_empty()) {
        about.description = description.clone();
    }
    if let Some(metadata) = &edit.metadata {
        about.metadata = Some(metadata.clone());
    }
    if let Some(new) = edit.secret.as_deref() {
        about.secret = secret(Some(new));
    }
    if let Some(new) = edit.pin.as_deref() {
        about.pin = secret(Some(new));
    }
    about.is_private = edit.is_private.unwrap_or(about.is_private);
}

/// An empty one is none.
fn secret(given: Option<&str>) -> Option<Secret> {
    given.filter(|text| !text.is_empty()).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fanlight_protocol::Object;
    use fanlight_protocol::streaming::Request;
    use serde_json::{Value, json};

    use super::*;
    use crate::source::rtp::KeyFrameBuffer;

    /// What is kept for new viewers of each of the media that are asked for.
    fn buffers(body: &Value) -> Vec<Option<KeyFrameBuffer>> {
        let Ok(Request::Create(create)) = Request::parse(&Object::from_serialize(body).unwrap())
        else {
            panic!("{body}")
        };
        let (config, _) = config(&create, MountpointId(1)).unwrap();
        let media = config.rtp().unwrap().media.into_iter();
        media.map(|medium| medium.key_frame_buffer).collect()
    }

    #[test]
    fn pictures_are_kept_for_new_viewers_as_the_mountpoint_or_the_medium_says() {
        let body = |mountpoint: Value, medium: Value| {
            let mut body = json!({"request": "create", "type": "rtp", "media": [
                {"type": "audio", "mid": "a", "codec": "pcmu", "port": 0},
                {"type": "video", "mid": "v", "codec": "vp8", "pt": 96, "port": 0},
            ]});
            for (target, more) in [(None, mountpoint), (Some(1), medium)] {
                let target = match target {
                    Some(index) => &mut body["media"][index],
                    None => &mut body,
                };
                let more = more.as_object().unwrap().clone();
                target.as_object_mut().unwrap().extend(more);
            }
            body
        };
        let kept = |ms: Option<u64>, max_bytes| {
            let max_age = ms.map(Duration::from_millis);
            Some(KeyFrameBuffer { max_age, max_bytes })
        };
        let nothing = json!({});
        for (mountpoint, medium, expected) in [
            (nothing.clone(), nothing.clone(), None),
            (
                nothing.clone(),
                json!({"bufferkf": true}),
                kept(None, 4 << 20),
            ),
            (
                json!({"bufferkf_ms": 900}),
                nothing.clone(),
                kept(Some(900), 4 << 20),
            ),
            (
                json!({"bufferkf_bytes": 70}),
                nothing.clone(),
                kept(None, 70),
            ),
            (
                json!({"bufferkf_ms": 900, "bufferkf_bytes": 70}),
                json!({"bufferkf_ms": 5}),
                kept(Some(5), 70),
            ),
            (json!({"bufferkf_ms": 900}), json!({"bufferkf_ms": 0}), None),
            (
                nothing,
                json!({"bufferkf_bytes": 1_u64 << 40}),
                kept(None, 16 << 20),
            ),
        ] {
            let body = body(mountpoint, medium);
            assert_eq!(buffers(&body), [None, expected], "{body}");
        }
    }
}
