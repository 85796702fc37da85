//! Finding a path to one viewer, and noticing when it is lost (RFC 8445): the crate's agent, with
//! our own clock and our own door.
use super::{
    candidate::{MAX_REMOTE, Remote},
    info::{IceInfo, IceStateInfo, SelectedPair},
    outgoing::Path,
};
use bytes::BytesMut;
use rand::{Rng, distr::Alphanumeric};
use rtc::{
    crypto::RTCCryptoProvider,
    ice::{
        agent::{Agent, agent_config::AgentConfig},
        candidate::{CandidateConfig, candidate_host::CandidateHostConfig},
        mdns::MulticastDnsMode,
        state::ConnectionState,
    },
    sansio::Protocol,
    shared::{TaggedBytesMut, TransportContext, TransportProtocol, error::Error},
    stun::{
        attributes::ATTR_USERNAME,
        integrity::MessageIntegrity,
        message::{CLASS_REQUEST, CLASS_SUCCESS_RESPONSE, Message},
    },
};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// Without a sign of life for so long, a viewer counts as out of reach …
const DISCONNECTED: Duration = Duration::from_secs(5);
/// … and after so much more it is given up.
const FAILED: Duration = Duration::from_secs(10);
/// How often a path in use is checked (RFC 7675).
const KEEPALIVE: Duration = Duration::from_secs(2);
/// How often a path in use is looked at.
const WATCH: Duration = Duration::from_millis(500);

/// The agent checks when we tell it to. Its own interval must not stand in the way.
const AGENT_INTERVAL: Duration = Duration::from_millis(1);
/// Checks of the same path follow each other at this distance at first, and at the other one when
/// the first have come to nothing.
const EAGER: Duration = Duration::from_millis(20);
const PATIENT: Duration = Duration::from_millis(200);
const EAGER_FOR: Duration = Duration::from_secs(1);
/// No more than one check in this time: RFC 8445 section 14.2.
const PACE: Duration = Duration::from_millis(5);
/// So many checks are made to addresses that may be anybody's. It is enough for one path in all the
/// time that a viewer has to connect, and for some paths in the first seconds.
const UNPROVEN_CHECKS: usize = 300;
/// What an authentic check of the viewer's adds to that, and all of them together.
const CHECKS_FOR_ONE: usize = 20;
const EARNED_CHECKS: usize = 600;
/// A relayed path is the last resort: whatever is better gets this much time to show up.
const RELAY_WAIT: Duration = Duration::from_millis(500);
/// So many addresses of ours may take part, those included that only a viewer's checks revealed.
const MAX_LOCAL: usize = 16;

/// A user name fragment and its password.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub(super) ufrag: String,
    pub(super) password: String,
}

/// What an agent starts from.
pub(super) struct IceConfig<'a> {
    pub(super) lite: bool,
    pub(super) local: Credentials,
    pub(super) remote: Credentials,
    /// Where we can be reached.
    pub(super) addresses: &'a [SocketAddr],
    pub(super) crypto: Arc<dyn RTCCryptoProvider>,
}

/// The search for a path to one viewer.
pub(super) struct Ice {
    agent: Agent,
    lite: bool,
    local: Credentials,
    remote: Credentials,
    crypto: Arc<dyn RTCCryptoProvider>,
    began: Instant,
    due: Instant,
    /// When the last checks were made.
    checked_at: Option<Instant>,
    checks_left: usize,
    /// How many more the viewer's own may add.
    checks_to_earn: usize,
}

/// How the search stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IceState {
    /// Still looking.
    Searching,
    /// There is a path.
    Found(Path),
    /// No path, or no more.
    Failed,
}

impl Credentials {
    /// Unguessable ones, longer than RFC 8839 section 5.4 asks for.
    pub(super) fn random() -> Self {
        let text = |length| {
            rand::rng()
                .sample_iter(Alphanumeric)
                .take(length)
                .map(char::from)
                .collect()
        };
        Self {
            ufrag: text(8),
            password: text(24),
        }
    }
}

impl Ice {
    /// Starts to look for a path.
    pub(super) fn new(now: Instant, config: IceConfig<'_>) -> Result<Self, Error> {
        let IceConfig {
            lite,
            local,
            remote,
            addresses,
            crypto,
        } = config;
        let agent = AgentConfig {
            local_ufrag: local.ufrag.clone(),
            local_pwd: local.password.clone(),
            multicast_dns_mode: MulticastDnsMode::Disabled,
            disconnected_timeout: Some(DISCONNECTED),
            failed_timeout: Some(FAILED),
            keepalive_interval: Some(KEEPALIVE),
            candidate_types: vec![rtc::ice::candidate::CandidateType::Host],
            check_interval: AGENT_INTERVAL,
            // What bounds them is the number of all checks.
            max_binding_requests: Some(u16::MAX - 1),
            // The one that offers is controlling, unless it is lite: RFC 8445 section 6.1.1.
            is_controlling: !lite,
            lite,
            host_acceptance_min_wait: Some(Duration::ZERO),
            srflx_acceptance_min_wait: Some(Duration::ZERO),
            prflx_acceptance_min_wait: Some(Duration::ZERO),
            relay_acceptance_min_wait: Some(RELAY_WAIT),
            ..AgentConfig::default()
        };
        let mut ice = Self {
            agent: Agent::new(now, Arc::new(agent), Arc::clone(&crypto))?,
            lite,
            local,
            remote,
            crypto,
            began: now,
            due: now,
            checked_at: None,
            checks_left: UNPROVEN_CHECKS,
            checks_to_earn: EARNED_CHECKS,
        };
        for address in addresses {
            ice.add_local(*address)?;
        }
        let (ufrag, password) = (ice.remote.ufrag.clone(), ice.remote.password.clone());
        ice.agent
            .start_connectivity_checks(now, !lite, ufrag, password)?;
        Ok(ice)
    }

    /// The fragment of a user name by which checks for us are known.
    pub(super) fn ufrag(&self) -> &str {
        &self.local.ufrag
    }

    /// Another search under the same credentials, from one address of ours.
    pub(super) fn again(&self, now: Instant, address: SocketAddr) -> Result<Self, Error> {
        let config = IceConfig {
            lite: self.lite,
            local: self.local.clone(),
            remote: self.remote.clone(),
            addresses: &[address],
            crypto: Arc::clone(&self.crypto),
        };
        Self::new(now, config)
    }

    /// Adds an address of the viewer's. Those too many are left out.
    pub(super) fn add_remote(&mut self, now: Instant, remote: Remote) {
        if self.has_room_for(remote.0.addr()) && self.agent.add_remote_candidate(remote.0).is_ok() {
            self.due = now;
        }
    }

    /// Takes a check, or an answer to one of ours. True means that it is authentic and was taken;
    /// nothing else may have any effect.
    pub(super) fn receive(&mut self, now: Instant, path: Path, datagram: &[u8]) -> bool {
        if !self.has_room_for(path.remote) || !self.is_authentic(datagram) {
            return false;
        }
        if !self.knows_local(path.local) && self.add_local(path.local).is_err() {
            return false;
        }
        let taken = self.agent.handle_read(TaggedBytesMut {
            now,
            transport: transport(path),
            message: BytesMut::from(datagram),
        });
        if self.agent.get_selected_candidate_pair().is_none() {
            let earned = CHECKS_FOR_ONE.min(self.checks_to_earn);
            self.checks_to_earn -= earned;
            self.checks_left += earned;
            // Each check or answer may allow the next step, so take it as soon as may be.
            let ready = self.agent.poll_timeout().unwrap_or(now);
            let paced = self
                .checked_at
                .map_or(now, |at| at + self.pace(self.pairs()));
            self.due = self.due.min(ready.max(paced).max(now));
        }
        taken.is_ok()
    }

    /// Something came over the path that only the viewer can have sent.
    pub(super) fn heard(&mut self, now: Instant, path: Path) {
        self.agent.is_valid_non_stun_traffic(now, transport(path));
    }

    /// Whether the viewer may be at this address: whether it named it, or was seen there.
    pub(super) fn expects(&self, remote: SocketAddr) -> bool {
        self.agent
            .get_remote_candidates()
            .iter()
            .any(|c| c.addr() == remote)
    }

    pub(super) fn state(&self) -> IceState {
        if self.agent.state() == ConnectionState::Failed {
            return IceState::Failed;
        }
        match self.agent.get_selected_candidate_pair() {
            Some((local, remote)) => IceState::Found(Path {
                local: local.base_addr(),
                remote: remote.addr(),
            }),
            None => IceState::Searching,
        }
    }

    /// What administrators are shown, but for what we told the viewer.
    pub(super) fn info(&self) -> IceInfo {
        let selected = self.agent.get_selected_candidate_pair();
        let remote = self.agent.get_remote_candidates().iter();
        IceInfo {
            lite: self.lite,
            controlling: self.agent.role(),
            state: match self.agent.state() {
                ConnectionState::Unspecified | ConnectionState::New | ConnectionState::Checking => {
                    IceStateInfo::Checking
                }
                ConnectionState::Connected | ConnectionState::Completed => IceStateInfo::Connected,
                ConnectionState::Disconnected => IceStateInfo::Disconnected,
                ConnectionState::Failed | ConnectionState::Closed => IceStateInfo::Failed,
                _ => IceStateInfo::Checking,
            },
            local_candidates: Vec::new(),
            remote_candidates: remote.map(|candidate| candidate.marshal()).collect(),
            selected: selected.map(|(local, remote)| SelectedPair {
                local: local.base_addr(),
                local_type: local.candidate_type().to_string(),
                remote: remote.addr(),
                remote_type: remote.candidate_type().to_string(),
            }),
            restarting: false,
        }
    }

    /// When to call [`Self::handle_timeout`] next.
    pub(super) fn poll_timeout(&self) -> Instant {
        self.due
    }

    /// Makes the checks that are due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if now < self.due {
            return;
        }
        if self.state() == IceState::Searching {
            let pairs = self.pairs();
            self.due = now + self.check_interval(now, pairs);
            if self.checks_left < pairs {
                // From now on the viewer's checks have to do.
                return;
            }
            self.checks_left -= pairs;
            self.checked_at = Some(now);
        } else {
            self.due = now + WATCH;
        }
        // The agent's implementation always succeeds.
        let _ = self.agent.handle_timeout(now);
    }

    /// The next datagram to be sent.
    pub(super) fn poll_transmit(&mut self) -> Option<(Path, BytesMut)> {
        // Nobody asks for these, and they must not pile up.
        while self.agent.poll_event().is_some() {}
        let TaggedBytesMut {
            transport, message, ..
        } = self.agent.poll_write()?;
        let path = Path {
            local: transport.local_addr,
            remote: transport.peer_addr,
        };
        Some((path, message))
    }

    /// All pairs are checked at once, so many pairs are checked less often.
    fn check_interval(&self, now: Instant, pairs: usize) -> Duration {
        let eager = now.saturating_duration_since(self.began) < EAGER_FOR;
        let interval = if eager { EAGER } else { PATIENT };
        interval.max(self.pace(pairs))
    }

    /// How long checks of so many pairs take at the pace that is allowed.
    fn pace(&self, pairs: usize) -> Duration {
        PACE.saturating_mul(u32::try_from(pairs).unwrap_or(u32::MAX))
    }

    fn pairs(&self) -> usize {
        let remotes = self.agent.get_remote_candidates();
        let partners = |local: SocketAddr| {
            let same_family = remotes
                .iter()
                .filter(|r| r.addr().is_ipv4() == local.is_ipv4());
            same_family.count()
        };
        self.agent
            .get_local_candidates()
            .iter()
            .map(|local| partners(local.addr()))
            .sum()
    }

    /// Whether the datagram was made by someone who has seen both descriptions (RFC 8445 sections
    /// 7.2.2 and 7.3). The agent changes its role before it looks, so it is not asked first.
    fn is_authentic(&self, datagram: &[u8]) -> bool {
        let mut message = Message {
            raw: datagram.to_vec(),
            ..Message::default()
        };
        if message.decode().is_err() {
            return false;
        }
        let password = match message.typ.class {
            CLASS_REQUEST => {
                let expected = format!("{}:{}", self.local.ufrag, self.remote.ufrag);
                let name = message.get(ATTR_USERNAME);
                if !name.is_ok_and(|name| name == expected.as_bytes()) {
                    return false;
                }
                &self.local.password
            }
            CLASS_SUCCESS_RESPONSE => &self.remote.password,
            _ => return false,
        };
        let crypto = self.crypto.crypto();
        MessageIntegrity::check(&mut message, password.as_bytes(), crypto).is_ok()
    }

    fn has_room_for(&self, remote: SocketAddr) -> bool {
        self.agent.get_remote_candidates().len() < MAX_REMOTE || self.expects(remote)
    }

    fn knows_local(&self, local: SocketAddr) -> bool {
        self.agent
            .get_local_candidates()
            .iter()
            .any(|c| c.addr() == local)
    }

    fn add_local(&mut self, address: SocketAddr) -> Result<(), Error> {
        if self.agent.get_local_candidates().len() >= MAX_LOCAL {
            return Err(Error::Other("too many local addresses".into()));
        }
        let candidate = host_candidate(address).new_candidate_host()?;
        self.agent.add_local_candidate(candidate)?;
        Ok(())
    }
}

/// A candidate of an address of this machine.
pub(super) fn host_candidate(address: SocketAddr) -> CandidateHostConfig {
    CandidateHostConfig {
        base_config: CandidateConfig {
            network: "udp".into(),
            address: address.ip().to_string(),
            port: address.port(),
            component: 1,
            ..CandidateConfig::default()
        },
        ..CandidateHostConfig::default()
    }
}

fn transport(path: Path) -> TransportContext {
    TransportContext {
        local_addr: path.local,
        peer_addr: path.remote,
        ecn: None,
        transport_protocol: TransportProtocol::UDP,
    }
}
