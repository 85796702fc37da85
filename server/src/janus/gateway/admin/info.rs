//! All that is known of a handle, in Janus' words.

use std::collections::BTreeMap;
use std::time::Instant;

use fanlight_protocol::Error;
use fanlight_protocol::admin::info::{
    Codecs, Connection, Counters, Direction, Dtls, Flags, Ice, Media as MediaInfo, Report, Rtcp,
    Sdps, Ssrcs, Stats, Webrtc,
};
use fanlight_protocol::admin::{Found, HandleInfo};

use super::AdminAnswer;
use crate::janus::gateway::link::Link;
use crate::janus::gateway::session::Holder;
use crate::janus::gateway::{Address, Gateway};
use crate::janus::media::Media;
use crate::peer::{DtlsStateInfo, IceInfo, IceStateInfo, PeerInfo, TrackInfo};
use crate::stream::Kind;

impl<M: Media> Gateway<M> {
    pub(super) fn handle_info(
        &self,
        now: Instant,
        at: Address,
        plugin_only: bool,
    ) -> Result<AdminAnswer, Error> {
        let (Some(session), Some(handle)) = (self.sessions.get(&at.session), self.handle(at))
        else {
            return Err(Error::no_such_handle(at.handle, at.session));
        };
        let timeout = session.timeout.unwrap_or(self.config.session_timeout);
        let transport = match session.holder {
            Holder::Connection(_) => Some("janus.transport.websockets"),
            Holder::Polls(_) => Some("janus.transport.http"),
            Holder::Nobody => None,
        };
        let peer = handle.link.peer().and_then(|peer| self.media.info(peer));
        let connection = || match &peer {
            Some(peer) => {
                let created = now.checked_sub(peer.age).map(|at| self.micros(at));
                Connection {
                    agent_created: created,
                    ..connection(peer, flags(&handle.link, peer))
                }
            }
            None => Connection::default(),
        };
        let info = HandleInfo {
            session_id: at.session,
            session_last_activity: self.micros(session.last_activity),
            session_timeout: timeout.as_secs(),
            session_transport: transport,
            handle_id: at.handle,
            opaque_id: handle.opaque_id.clone(),
            loop_running: true,
            created: self.micros(handle.created),
            current_time: self.micros(now),
            plugin: handle.plugin.name(),
            plugin_specific: self.plugin_info(at),
            connection: (!plugin_only).then(connection),
        };
        let found = Found::Info(Box::new(info));
        Ok(AdminAnswer::FoundOf(at.handle, found))
    }

    /// Microseconds since the first session was made.
    fn micros(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch.unwrap_or(at));
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

fn flags<P>(link: &Link<P>, peer: &PeerInfo) -> Flags {
    let is_answered = matches!(link, Link::Answered { .. });
    let is_up = matches!(link, Link::Answered { is_up: true, .. });
    let has = |kind| is_answered && peer.tracks.iter().any(|track| track.kind == kind);
    Flags {
        got_offer: true,
        got_answer: is_answered,
        negotiated: is_answered,
        processing_offer: !is_answered,
        starting: is_answered && !is_up,
        ice_restart: peer.ice.restarting,
        ready: is_up,
        trickle: is_answered,
        has_audio: has(Kind::Audio),
        has_video: has(Kind::Video),
        rfc4588_rtx: peer.tracks.iter().any(|track| track.rtx_ssrc.is_some()),
    }
}

fn connection(peer: &PeerInfo, flags: Flags) -> Connection {
    Connection {
        flags,
        agent_created: None,
        ice_mode: Some(if peer.ice.lite { "lite" } else { "full" }),
        ice_role: Some(match peer.ice.controlling {
            true => "controlling",
            false => "controlled",
        }),
        sdps: Sdps {
            local: Some(peer.local_sdp.clone()),
            remote: peer.remote_sdp.clone(),
        },
        queued_packets: 0,
        webrtc: Some(webrtc(peer)),
    }
}

fn webrtc(peer: &PeerInfo) -> Webrtc {
    let media = peer.tracks.iter().enumerate();
    Webrtc {
        ice: ice(&peer.ice),
        dtls: dtls(peer),
        extensions: extensions(&peer.local_sdp),
        media: media
            .map(|(index, track)| (track.mid.clone(), medium(index, track)))
            .collect(),
    }
}

fn ice(ice: &IceInfo) -> Ice {
    let pair = |pair: &crate::peer::SelectedPair| {
        format!(
            "{} [{},udp] <-> {} [{},udp]",
            pair.local, pair.local_type, pair.remote, pair.remote_type
        )
    };
    Ice {
        stream_id: 1,
        component_id: 1,
        state: match ice.state {
            IceStateInfo::New => "gathering",
            IceStateInfo::Checking => "connecting",
            IceStateInfo::Connected => "ready",
            IceStateInfo::Disconnected => "disconnected",
            IceStateInfo::Failed => "failed",
        },
        local_candidates: ice.local_candidates.clone(),
        remote_candidates: ice.remote_candidates.clone(),
        selected_pair: ice.selected.as_ref().map(pair),
        ready: if ice.selected.is_some() { 1 } else { -1 },
    }
}

fn dtls(peer: &PeerInfo) -> Dtls {
    let dtls = &peer.dtls;
    let is_connected = dtls.state == DtlsStateInfo::Connected;
    let sum = |of: fn(&TrackInfo) -> u64| peer.tracks.iter().map(of).sum();
    Dtls {
        fingerprint: dtls.fingerprint.clone(),
        remote_fingerprint: dtls.remote_fingerprint.clone(),
        dtls_role: match dtls.is_client {
            None => "actpass",
            Some(true) => "active",
            Some(false) => "passive",
        },
        dtls_state: match dtls.state {
            DtlsStateInfo::Created => "created",
            DtlsStateInfo::Trying => "trying",
            DtlsStateInfo::Connected => "connected",
        },
        valid: is_connected,
        srtp_profile: dtls.srtp_profile.unwrap_or("none"),
        ready: is_connected,
        sctp_association: false,
        stats: Stats {
            incoming: Counters::default(),
            outgoing: Counters {
                packets: sum(|track| track.counters.packets),
                bytes: sum(|track| track.counters.bytes),
                ..Counters::default()
            },
        },
    }
}

fn medium(index: usize, track: &TrackInfo) -> MediaInfo {
    let counters = &track.counters;
    let arrived = match counters.packets {
        0 => 0.0,
        _ => 100.0 * (1.0 - counters.fraction_lost.clamp(0.0, 1.0)),
    };
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    MediaInfo {
        kind: track.kind.name(),
        mindex: index,
        mid: track.mid.clone(),
        do_nacks: track.rtx_ssrc.is_some(),
        ssrc: Ssrcs {
            ssrc: track.ssrc,
            rtx: track.rtx_ssrc,
        },
        direction: Direction {
            send: track.taken.unwrap_or(true),
            recv: false,
        },
        codecs: Codecs {
            pt: track.payload_type,
            rtx_pt: track.rtx_payload_type,
            codec: track.codec.to_ascii_lowercase(),
        },
        rtcp: Rtcp {
            main: Report {
                base: track.clock_rate,
                rtt: counters.round_trip.map_or(0, millis),
                lost: 0,
                lost_by_remote: counters.lost,
                jitter_local: 0,
                jitter_remote: millis(counters.jitter),
                in_link_quality: 0,
                in_media_link_quality: 0,
                // Between 0 and 100.
                out_link_quality: arrived as u8,
            },
        },
        stats: Stats {
            incoming: Counters {
                bytes_lastsec: Some(0),
                nacks: Some(counters.nacks),
                retransmissions: Some(counters.resent),
                ..Counters::default()
            },
            outgoing: Counters {
                packets: counters.packets,
                bytes: counters.bytes,
                bytes_lastsec: Some(counters.bytes_last_second),
                nacks: Some(0),
                retransmissions: None,
            },
        },
    }
}

/// The header extensions of a description, by name (RFC 8285, section 5).
fn extensions(sdp: &str) -> BTreeMap<String, u8> {
    let lines = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=extmap:"));
    let read = |line: &str| {
        let (id, name) = line.split_once(' ')?;
        let (id, _direction) = id.split_once('/').unwrap_or((id, ""));
        let name = name.split_whitespace().next()?;
        Some((name.to_owned(), id.parse().ok()?))
    };
    lines.filter_map(read).collect()
}
