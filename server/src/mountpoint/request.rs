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
        abscapturetime_src_ext_id: rtp
            .abs_capture_time
            .and_then(|id| u8::try_from(id).ok())
            .filter(|id| *id > 0),
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
        bufferkf_ms: None,
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
